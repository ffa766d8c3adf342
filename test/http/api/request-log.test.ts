import { expect } from "chai";
import { engines } from "../../store/engines.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";
import { pointers } from "./pointers.ts";

interface Logged {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly requestId: string;
  readonly detail?: string;
}

/** What an identity admin reads when provisioning fails. */
for (const { name: engine, open } of engines) {
  describe(`/api/request-log on ${engine}`, () => {
    let service: Service;
    let reader: Agent;
    let provider: string;
    before(async () => {
      service = await startService({ open });
      reader = await service.as(["admin:read"]);
      const { id, secret } = await service.issue({ scopes: ["admin:scim"] });
      provider = id;
      const scim = service.with(secret);
      const user = { schemas: [userUrn], userName: "ada.lovelace@example.com", name: { familyName: "Lovelace" } };
      await scim.post("/scim/v2/Users").send(user).expect(201);
      await scim.post("/scim/v2/Users").set("X-Request-Id", "the-second").send(user).expect(409);
      await scim.get("/scim/v2/Users").query({ filter: 'userName eq "ada.lovelace@example.com"' }).expect(200);
      await scim.get("/api/users").expect(403);
      const theirs = await service.as(["admin:scim"], await service.organization("theirs"));
      await theirs.get("/scim/v2/Users").set("X-Request-Id", "of-theirs").expect(200);
      // What has gathered is written every few seconds.
      while ((await found({})).length < 4) await new Promise((resolve) => setTimeout(resolve, 100));
    });
    after(() => service.dispose());

    const found = async (query: object): Promise<readonly Logged[]> =>
      (await reader.get("/api/request-log").query(query).expect(200)).body.data;

    it("shows requests at /scim and refused ones elsewhere, the newest first, with who, what and why", async () => {
      const logged = await found({});
      expect(logged.map(({ method, status }) => `${method} ${status}`)).to.deep.equal([
        ...["GET 403", "GET 200", "POST 409", "POST 201"],
      ]);
      const refused = logged[2];
      expect(refused).to.deep.include({ path: "/scim/v2/Users", requestId: "the-second" });
      expect(refused).to.deep.include({ actor: { type: "token", id: provider, name: "test" }, ip: "127.0.0.1" });
      expect(refused?.detail).to.contain("userName");
      expect(refused).to.include.keys("createdAt", "durationMs", "body");
      expect(refused).to.not.have.any.keys("organizationId", "version", "updatedAt");
      expect(JSON.stringify(logged)).to.not.match(/lovelace|example\.com/i);
    });

    it("is asked by request id, token, method, status, refusal and time, alone and together", async () => {
      expect(await found({ requestId: "the-second" })).to.have.length(1);
      expect(await found({ actorId: provider })).to.have.length(4);
      expect((await found({ refused: true })).map(({ status }) => status)).to.deep.equal([403, 409]);
      expect((await found({ refused: false })).map(({ status }) => status)).to.deep.equal([200, 201]);
      expect((await found({ method: "POST", refused: true })).map(({ status }) => status)).to.deep.equal([409]);
      expect((await found({ status: 201 })).map(({ method }) => method)).to.deep.equal(["POST"]);
      expect(await found({ to: "2020-01-01T00:00:00Z" })).to.deep.equal([]);
      expect(await found({ from: "2020-01-01T00:00:00Z" })).to.have.length(4);
      const wrong = async (query: object) => pointers(await reader.get("/api/request-log").query(query).expect(400));
      expect(await wrong({ method: "get" })).to.deep.equal(["/method"]);
      expect(await wrong({ status: 99 })).to.deep.equal(["/status"]);
      expect(await wrong({ path: "/scim" })).to.deep.equal(["/path"]);
    });

    it("pages, and shows one entry in the same form", async () => {
      const { body: first } = await reader.get("/api/request-log").query({ limit: 3 }).expect(200);
      const query = { limit: 3, cursor: first.pagination.nextCursor };
      const { body: second } = await reader.get("/api/request-log").query(query).expect(200);
      expect([...first.data, ...second.data]).to.deep.equal(await found({}));
      expect(second.pagination.hasMore).to.equal(false);
      const { body: one } = await reader.get(`/api/request-log/${first.data[0].id}`).expect(200);
      expect(one).to.deep.equal(first.data[0]);
    });

    it("is for admins of the organisation: another's entries are answered like none, to the byte", async () => {
      expect(await found({ requestId: "of-theirs" })).to.deep.equal([]);
      const [{ id } = { id: "" }] = await found({});
      const stranger = await service.as(["admin:read"], await service.organization("stranger"));
      const told = [];
      for (const each of [id, id.replace(/.{10}$/, "0000000000")]) {
        told.push((await stranger.get(`/api/request-log/${each}`).set("X-Request-Id", "same").expect(404)).text);
      }
      expect(new Set(told).size).to.equal(1);
      for (const scope of ["admin:scim", "admin:tokens", "connect:write"] as const) {
        await (await service.as([scope])).get("/api/request-log").expect(403);
      }
      await reader.delete(`/api/request-log/${id}`).expect(405);
    });
  });
}
