import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, enterpriseUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";
import { buildBulkRequest, createUserOperation, patchOperation } from "./bulk/bulk.fixture.ts";

describeOnEngines("/scim/v2 reads requests leniently, and its responses suit the clients", (open) => {
  let service: Service;
  let scim: Agent;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
    for (const [userName, department] of Object.entries({ ada: "Engines", bob: "Boats", cy: "Cars" }))
      await scim.post("/scim/v2/Users").send({ userName, department }).expect(201);
  });
  after(() => service.dispose());

  const list = async (query: object) => (await scim.get("/scim/v2/Users").query(query).expect(200)).body;
  const names = ({ Resources }: { Resources: { userName: string }[] }) => Resources.map(({ userName }) => userName);

  describe("requests", () => {
    for (const type of [
      "application/scim+json; charset=utf8",
      'application/json;charset="UTF8"',
      "application/scim+json; charset=utf-8",
    ]) {
      it(`accepts ${type}`, async () => {
        const body = JSON.stringify({ userName: `ünal ${type}` });
        const response = await scim.post("/scim/v2/Users").set("Content-Type", type).send(body).expect(201);
        expect(response.body.userName).to.equal(`ünal ${type}`);
        await scim.delete(`/scim/v2/Users/${response.body.id}`).expect(204);
      });
    }

    it("rejects another character set", async () => {
      const type = "application/scim+json; charset=latin1";
      await scim.post("/scim/v2/Users").set("Content-Type", type).send('{"userName":"x"}').expect(415);
    });

    for (const path of ["/scim/v2//Users", "/scim/v2///Users//", "/scim/v2//Users//.search"]) {
      it(`folds the slashes of ${path}`, async () => {
        // Not through the agent: it looks up the declaration of the path as it was sent.
        const { secret } = await service.issueToken({ scopes: ["admin:scim"] });
        const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
        const message = { schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] };
        const search = path.endsWith(".search") ? { method: "POST", body: JSON.stringify(message) } : {};
        const response = await fetch(`http://127.0.0.1:${service.port}${path}`, { headers, ...search });
        expect(response.status).to.equal(200);
        expect(await response.json()).to.include({ totalResults: 3 });
      });
    }

    it("requires the same credential and scope at a path with several slashes", async () => {
      await service.clientWithSecret().get("/scim/v2//Users").expect(401);
      await (await service.clientWithScopes(["admin:read"])).get("/scim/v2//Users").expect(403);
    });

    it("takes empty parameters for absent ones", async () => {
      const empty = { filter: "", sortBy: "", sortOrder: "", startIndex: "", count: "", attributes: "" };
      expect(await list(empty)).to.deep.equal(await list({}));
      expect((await list({ filter: " ", count: 1 })).totalResults).to.equal(3);
      const schemas = ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"];
      const searched = await scim.post("/scim/v2/Users/.search").send({ schemas, filter: "", sortBy: "" }).expect(200);
      expect(searched.body.totalResults).to.equal(3);
    });

    it("rejects a filter beside an empty one: one of them was not meant", async () => {
      await scim.get('/scim/v2/Users?filter=&filter=userName eq "ada"').expect(400);
    });

    it("finds, sorts by and returns enterprise attributes without URN", async () => {
      for (const path of ["department", `${enterpriseUrn}:department`, `${enterpriseUrn}.department`, "Department"]) {
        expect(names(await list({ filter: `${path} eq "boats"` })), path).to.deep.equal(["bob"]);
        expect(names(await list({ sortBy: path })), path).to.deep.equal(["bob", "cy", "ada"]);
        const [first] = (await list({ attributes: path, filter: 'userName eq "ada"' })).Resources;
        expect(first[enterpriseUrn], path).to.deep.equal({ department: "Engines" });
        expect(first).to.not.have.property("userName");
      }
      const [rest] = (await list({ excludedAttributes: "department", filter: 'userName eq "ada"' })).Resources;
      expect(rest).to.not.have.property(enterpriseUrn);
    });

    it("reads a PATCH inside bulk like a single one, references included", async () => {
      const Operations = [
        createUserOperation("dot"),
        {
          method: "PATCH",
          path: "/Users/bulkId:dot",
          data: { operations: [{ Op: "Add", Path: "manager", Value: "bulkId:dot" }] },
        },
        {
          method: "PATCH",
          path: "/Users/bulkId:dot",
          data: { schemas: [], Operations: [{ op: "add", path: "title", value: ["Dr"] }] },
        },
      ];
      const { body } = await scim.post("/scim/v2/Bulk").send(buildBulkRequest(Operations)).expect(200);
      expect(body.Operations.map(({ status }: { status: string }) => status)).to.deep.equal(["201", "200", "200"]);
      const [user] = (await list({ filter: 'userName eq "dot"' })).Resources;
      expect(user.title).to.equal("Dr");
      expect(user[enterpriseUrn].manager).to.deep.equal({ value: user.id });
      await scim.delete(`/scim/v2/Users/${user.id}`).expect(204);
    });
  });

  describe("responses", () => {
    it("have the media type of SCIM on 204, and Location on GET of one resource", async () => {
      const { body } = await scim.post("/scim/v2/Groups").send({ displayName: "g" }).expect(201);
      const location = `https://gatehouse.example/scim/v2/Groups/${body.id}`;
      const read = await scim.get(`/scim/v2/Groups/${body.id}`).expect(200);
      expect(read.headers["location"]).to.equal(location);
      const Operations = [{ op: "replace", path: "externalId", value: "e" }];
      const patched = await scim
        .patch(`/scim/v2/Groups/${body.id}`)
        .send({ schemas: [patchUrn], Operations })
        .expect(204);
      expect(patched.headers).to.include({ "content-type": "application/scim+json", location });
      expect(patched.text).to.equal("");
      const removed = await scim.delete(`/scim/v2/Groups/${body.id}`).expect(204);
      expect(removed.headers["content-type"]).to.equal("application/scim+json");
      expect((await scim.get("/scim/v2/Groups").expect(200)).headers).to.not.have.property("location");
    });

    it("have totalResults on every cursor page, filtered or not", async () => {
      for (const filter of ["", "userName pr", 'userName ne "ada"']) {
        const expected = filter.includes("ne") ? 2 : 3;
        let page = await list({ filter, count: 1, cursor: "" });
        let pages = 1;
        expect(page.totalResults).to.equal(expected);
        while (page.nextCursor) {
          page = await list({ filter, count: 1, cursor: page.nextCursor });
          expect(page.totalResults, filter).to.equal(expected);
          pages++;
        }
        expect(pages, filter).to.equal(expected);
      }
    });

    it("have a location for every failed PUT, PATCH and DELETE of a bulk request", async () => {
      const [{ id }] = (await list({ filter: 'userName eq "ada"' })).Resources;
      const Operations = [
        { method: "PUT", path: `/Users/${id}`, data: { userName: 5 } },
        patchOperation(`/Users/${id}`, { op: "replace", path: "nope", value: 1 }),
        { method: "DELETE", path: `/Users/${id}`, version: 'W/"99"' },
        { method: "DELETE", path: `/Users/${id}`, version: 99 },
        { method: "PATCH", path: `/Users/${id}`, data: "x" },
        { method: "DELETE", path: "/Groups/grp_0" },
        { method: "DELETE", path: "/Users/a b" },
        createUserOperation("ada"),
      ];
      const { body } = await scim.post("/scim/v2/Bulk").send(buildBulkRequest(Operations)).expect(200);
      const base = "https://gatehouse.example/scim/v2";
      const locations = body.Operations.map(({ location }: { location?: string }) => location);
      expect(locations).to.deep.equal([
        ...Array(5).fill(`${base}/Users/${id}`),
        `${base}/Groups/grp_0`,
        `${base}/Users/a%20b`,
        undefined,
      ]);
      expect(body.Operations.every(({ response }: { response?: object }) => response !== undefined)).to.equal(true);
    });

    it("name the expected form of a credential without a scheme, and repeat nothing of it", async () => {
      const { secret } = await service.issueToken({ scopes: ["admin:scim"] });
      for (const value of [secret, `Token ${secret}`, `Basic ${Buffer.from(secret).toString("base64")}`, "Bearer"]) {
        const response = await service.clientWithSecret().get("/scim/v2/Users").set("Authorization", value).expect(401);
        expect(response.body.detail).to.match(/Send Authorization: Bearer, a space and the token\.$/);
        expect(response.text).not.to.contain(secret).and.not.to.contain(Buffer.from(secret).toString("base64"));
      }
      const unknown = await service.clientWithSecret("x".repeat(40)).get("/scim/v2/Users").expect(401);
      expect(unknown.body.detail).to.equal("The credential is not valid.");
    });
  });

  it("returns up to 1,000 resources on a page, as it advertises", async () => {
    const own = await startService({ open });
    try {
      const provider = await own.clientWithScopes(["admin:scim"]);
      const Operations = (from: number) =>
        Array.from({ length: 1000 }, (_, at) => createUserOperation(`user${from + at}`, { schemas: [userUrn] }));
      await provider
        .post("/scim/v2/Bulk")
        .send(buildBulkRequest(Operations(0)))
        .expect(200);
      await provider
        .post("/scim/v2/Bulk")
        .send(buildBulkRequest(Operations(1000).slice(0, 50)))
        .expect(200);
      const page = async (query: object) => (await provider.get("/scim/v2/Users").query(query).expect(200)).body;
      const counts = async (query: object) => {
        const { totalResults, itemsPerPage, Resources } = await page(query);
        return [totalResults, itemsPerPage, Resources.length];
      };
      expect(await counts({ count: 500 })).to.deep.equal([1050, 500, 500]);
      expect(await counts({ count: 5000 })).to.deep.equal([1050, 1000, 1000]);
      expect(await counts({ count: 1000, startIndex: 1001 })).to.deep.equal([1050, 50, 50]);
      const { nextCursor } = await page({ count: 1000, cursor: "" });
      expect(await counts({ count: 1000, cursor: nextCursor })).to.deep.equal([1050, 50, 50]);
      expect((await page({})).Resources).to.have.length(100);
    } finally {
      await own.dispose();
    }
  });
});
