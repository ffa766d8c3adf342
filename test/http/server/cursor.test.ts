import { expect } from "chai";
import { encodeCursor } from "../../../src/http/server/cursor.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";

describeOnEngines("RFC 9865 cursor-based pagination", (open) => {
  let service: Service;
  let scim: Agent;
  const total = 23;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
    for (let at = 0; at < total; at++) await created(`user${String(at).padStart(2, "0")}`, at);
  });
  after(() => service.dispose());

  const created = (userName: string, at: number) =>
    scim
      .post("/scim/v2/Users")
      .send({ schemas: [userUrn], userName, ...(at % 3 > 0 && { title: `Title ${at % 3}` }), active: at % 2 === 0 })
      .expect(201);

  /** All pages, from the first to the last. */
  async function pages(query: Record<string, string>, between: () => Promise<unknown> = async () => undefined) {
    const all: { Resources: { userName: string }[]; nextCursor?: string; totalResults?: number }[] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined; ) {
      const { body }: { body: (typeof all)[number] & { itemsPerPage: number } } = await scim
        .get("/scim/v2/Users")
        .query({ ...query, cursor })
        .expect(200);
      expect(body.itemsPerPage).to.equal(body.Resources.length);
      expect(body).to.not.have.property("startIndex");
      all.push(body);
      cursor = body.nextCursor;
      await between();
    }
    return all;
  }
  const names = (all: Awaited<ReturnType<typeof pages>>) =>
    all.flatMap(({ Resources }) => Resources.map(({ userName }) => userName));

  it("returns every resource once, and marks the last page", async () => {
    const all = await pages({ count: "5" });
    expect(all).to.have.length(5);
    expect(all.map(({ totalResults }) => totalResults)).to.deep.equal([total, total, total, total, total]);
    expect(new Set(names(all)).size).to.equal(total);
  });

  for (const query of [
    { sortBy: "userName" },
    { sortBy: "userName", sortOrder: "descending" },
    { sortBy: "title" },
    { sortBy: "title", sortOrder: "descending" },
    { sortBy: "active" },
    { sortBy: "meta.lastModified", sortOrder: "descending" },
    { filter: 'userName sw "USER1"' },
    { filter: "not (title pr)", sortBy: "userName" },
  ]) {
    it(`returns the same resources with ${JSON.stringify(query)} as one page does`, async () => {
      const whole = (
        await scim
          .get("/scim/v2/Users")
          .query({ ...query, count: "200" })
          .expect(200)
      ).body;
      const all = await pages({ ...query, count: "4" });
      expect(names(all)).to.deep.equal(names([whole]));
      expect(all[0]?.totalResults).to.equal(whole.totalResults);
    });
  }

  it("neither loses nor repeats users while others are added and removed", async () => {
    let number = 0;
    const all = await pages({ count: "4", sortBy: "userName" }, async () => {
      const { body } = await created(`between${++number}`, 0);
      await scim.delete(`/scim/v2/Users/${body.id}`).expect(204);
      await created(`aaa${number}`, 0);
    });
    expect(names(all).filter((userName) => userName.startsWith("user"))).to.have.length(total);
    for (const userName of Array.from({ length: number }, (_, at) => `aaa${at + 1}`)) {
      const { body } = await scim.get("/scim/v2/Users").query({ filter: `userName eq "${userName}"` });
      await scim.delete(`/scim/v2/Users/${body.Resources[0].id}`).expect(204);
    }
  });

  it("rejects a cursor of another list with invalidCursor", async () => {
    const { nextCursor } = (await scim.get("/scim/v2/Users").query({ cursor: "", count: "2" }).expect(200)).body;
    const rejected = async (path: string, query: object) => {
      const { body } = await scim.get(path).query(query).expect(400);
      expect(body.scimType).to.equal("invalidCursor");
    };
    await rejected("/scim/v2/Users", { cursor: nextCursor, filter: "title pr" });
    await rejected("/scim/v2/Users", { cursor: nextCursor, sortBy: "userName" });
    await rejected("/scim/v2/Groups", { cursor: nextCursor });
    const elsewhere = await service.clientWithScopes(["admin:scim"], await service.createOrganization("elsewhere"));
    const { body } = await elsewhere.get("/scim/v2/Users").query({ cursor: nextCursor }).expect(400);
    expect(body.scimType).to.equal("invalidCursor");
    for (const cursor of [
      "x",
      "null",
      "e30",
      Buffer.from('["__proto__",{},[]]').toString("base64url"),
      "A".repeat(5000),
    ])
      await rejected("/scim/v2/Users", { cursor });
  });

  it("rejects a cursor that is older than advertised with expiredCursor", async () => {
    const { cursorTimeout } = (await scim.get("/scim/v2/ServiceProviderConfig")).body.pagination;
    const list = [service.organizationId, "User", undefined, undefined];
    const old = encodeCursor({ id: "usr_" }, list, Date.now() - cursorTimeout * 1000 - 1000);
    expect((await scim.get("/scim/v2/Users").query({ cursor: old }).expect(400)).body.scimType).to.equal(
      "expiredCursor",
    );
    const young = encodeCursor({ id: "usr_" }, list, Date.now() - cursorTimeout * 1000 + 60_000);
    await scim.get("/scim/v2/Users").query({ cursor: young }).expect(200);
  });

  it("rejects an invalid count with invalidCount, and startIndex together with a cursor", async () => {
    for (const count of ["0", "-1", "x", "2.5"]) {
      const { body } = await scim.get("/scim/v2/Users").query({ cursor: "", count }).expect(400);
      expect(body.scimType, count).to.equal("invalidCount");
    }
    const { body } = await scim.get("/scim/v2/Users").query({ cursor: "", startIndex: "1" }).expect(400);
    expect(body.scimType).to.equal("invalidValue");
  });

  it("paginates searches in the same way", async () => {
    const search = async (cursor: string) =>
      (
        await scim
          .post("/scim/v2/Users/.search")
          .send({ schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], count: 20, cursor })
          .expect(200)
      ).body;
    const first = await search("");
    const second = await search(first.nextCursor);
    expect([...first.Resources, ...second.Resources]).to.have.length(total);
    expect(second).to.not.have.property("nextCursor");
  });
});
