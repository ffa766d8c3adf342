import { expect } from "chai";
import { auditEvents } from "../../../src/store/collections.ts";
import { engines } from "../../store/engines.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";
import { bulkRequest, type Entry, idIn, newGroup, newUser, patching } from "./bulk-request.ts";

const errorUrn = "urn:ietf:params:scim:api:messages:2.0:Error";

for (const { name, open } of engines) {
  describe(`RFC 7644 3.7 bulk on ${name}`, () => {
    let service: Service;
    let scim: Agent;
    before(async () => {
      service = await startService({ open });
      scim = await service.as(["admin:scim"]);
    });
    after(() => service.dispose());

    let number = 0;
    const fresh = (what: string): string => `${what}${++number}`;
    const send = (body: unknown) => scim.post("/scim/v2/Bulk").type("application/scim+json").send(JSON.stringify(body));
    const carriedOut = async (Operations: readonly unknown[], more: object = {}): Promise<Entry[]> => {
      const { body } = await send(bulkRequest(Operations, more)).expect(200);
      expect(body.schemas).to.deep.equal(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]);
      return body.Operations;
    };
    const statuses = (entries: readonly Entry[]): string[] => entries.map(({ status }) => status);
    const created = async (): Promise<string> =>
      (
        await scim
          .post("/scim/v2/Users")
          .send({ schemas: [userUrn], userName: fresh("u") })
          .expect(201)
      ).body.id;
    const count = async (type: string, filter: string): Promise<number> =>
      (await scim.get(`/scim/v2/${type}`).query({ filter, count: 0 }).expect(200)).body.totalResults;

    it("carries out operations of every method, each with an answer of its own in the order of the request", async () => {
      const [put, patched, removed] = [await created(), await created(), await created()];
      const bulkId = fresh("alice");
      const entries = await carriedOut([
        newUser(bulkId),
        { method: "PUT", path: `/Users/${put}`, version: 'W/"1"', data: { userName: fresh("put") } },
        patching(`/Users/${patched}`, { op: "add", path: "nickName", value: "Dave" }),
        { method: "DELETE", path: `/Users/${removed}`, version: 'W/"1"' },
      ]);
      const at = (id: string) => `https://gatehouse.example/scim/v2/Users/${id}`;
      expect(entries).to.deep.equal([
        { location: entries[0]?.location, method: "POST", bulkId, version: 'W/"1"', status: "201" },
        { location: at(put), method: "PUT", version: 'W/"2"', status: "200" },
        { location: at(patched), method: "PATCH", version: 'W/"2"', status: "200" },
        { location: at(removed), method: "DELETE", status: "204" },
      ]);
      expect(
        (await scim.get(entries[0]?.location?.replace(/^.*(?=\/scim)/, "") ?? "").expect(200)).body.userName,
      ).to.equal(bulkId);
      await scim.get(`/scim/v2/Users/${removed}`).expect(404);
    });

    it("answers the change of a group's members with 204", async () => {
      const [group] = await carriedOut([newGroup(fresh("g"))]);
      const member = { op: "add", path: "members", value: [{ value: await created() }] };
      const [entry] = await carriedOut([patching(`/Groups/${group && idIn(group)}`, member)]);
      expect(entry).to.deep.include({ method: "PATCH", version: 'W/"2"', status: "204", location: group?.location });
    });

    it("takes method, path and names in any letter case", async () => {
      const bulkId = fresh("user");
      const { data } = newUser(bulkId);
      const operation = { METHOD: "post", Path: "/users", bulkid: bulkId, Data: data };
      const body = { SCHEMAS: bulkRequest([]).schemas, operations: [operation], FailOnErrors: 1 };
      const answer = await send(body).expect(200);
      expect(answer.body.Operations).to.have.length(1);
      expect(answer.body.Operations[0]).to.deep.include({ method: "POST", bulkId, status: "201" });
      expect(await count("Users", `userName eq "${bulkId}"`)).to.equal(1);
    });

    it("answers 412 where the version has changed, and changes nothing there", async () => {
      const id = await created();
      const change = { ...patching(`/Users/${id}`, { op: "add", path: "title", value: "x" }), version: 'W/"1"' };
      const entries = await carriedOut([change, change, { method: "DELETE", path: `/Users/${id}`, version: 'W/"1"' }]);
      expect(statuses(entries)).to.deep.equal(["200", "412", "412"]);
      expect(entries[1]?.response).to.include({ status: "412" });
      expect((await scim.get(`/scim/v2/Users/${id}`).expect(200)).body.meta.version).to.equal('W/"2"');
    });

    it("writes an audit event for each change, with the request's id", async () => {
      const bulkId = fresh("audited");
      const requestId = fresh("bulk-request-");
      const [entry] = (
        await send(bulkRequest([newUser(bulkId)]))
          .set("X-Request-Id", requestId)
          .expect(200)
      ).body.Operations;
      const { items } = await service.store
        .for(service.organizationId)
        .open(auditEvents)
        .list({ where: { op: "eq", path: "target.id", value: idIn(entry) }, limit: 10 });
      expect(items.map(({ action, requestId: id }) => [action, id])).to.deep.equal([["user.create", requestId]]);
    });

    describe("RFC 7644 3.7.3 failOnErrors", () => {
      it("ends the request after that many errors, and answers for what was carried out", async () => {
        const wrong = () => newUser(fresh("wrong"), { userName: 5 });
        const last = newUser(fresh("never"));
        const entries = await carriedOut([newUser(fresh("ok")), wrong(), newUser(fresh("ok")), wrong(), last], {
          failOnErrors: 2,
        });
        expect(statuses(entries)).to.deep.equal(["201", "400", "201", "400"]);
        expect(await count("Users", `userName eq "${last.bulkId}"`)).to.equal(0);
      });

      it("lets everything be carried out when there are fewer errors", async () => {
        const entries = await carriedOut([null, newUser(fresh("ok"))], { failOnErrors: 2 });
        expect(statuses(entries)).to.deep.equal(["400", "201"]);
      });

      for (const failOnErrors of [0, -1, 1.5, "1", true, {}]) {
        it(`refuses ${JSON.stringify(failOnErrors)}, and carries nothing out`, async () => {
          const user = newUser(fresh("none"));
          const { body } = await send(bulkRequest([user], { failOnErrors })).expect(400);
          expect(body).to.include({ scimType: "invalidValue" });
          expect(body.detail).to.contain("failOnErrors");
          expect(await count("Users", `userName eq "${user.bulkId}"`)).to.equal(0);
        });
      }
    });

    describe("RFC 7644 3.7.4 limits", () => {
      it("are those that ServiceProviderConfig names", async () => {
        const { body } = await scim.get("/scim/v2/ServiceProviderConfig").expect(200);
        expect(body.bulk).to.deep.equal({ supported: true, maxOperations: 1000, maxPayloadSize: 1_048_576 });
      });

      it("take 1,000 operations, and answer other requests meanwhile", async () => {
        let done = false;
        const bulk = carriedOut(Array.from({ length: 1000 }, () => ({ method: "DELETE", path: "/Users/usr_0" })));
        const finished = bulk.then(() => {
          done = true;
        });
        let meanwhile = 0;
        while (!done) {
          await scim.get("/scim/v2/Users?count=0").expect(200);
          if (!done) meanwhile++;
        }
        await finished;
        expect(new Set(statuses(await bulk))).to.deep.equal(new Set(["404"]));
        expect(meanwhile).to.be.greaterThan(0);
      });

      it("refuse 1,001 operations with 413, naming the limit, and carry nothing out", async () => {
        const operations = Array.from({ length: 1001 }, () => newUser(fresh("many")));
        const { body } = await send(bulkRequest(operations)).expect(413);
        expect(body).to.deep.include({ schemas: [errorUrn], status: "413" });
        expect(body.detail).to.contain("maxOperations (1000)");
        expect(await count("Users", 'userName sw "many"')).to.equal(0);
      });

      it("take 1,048,576 bytes and refuse one more with 413, naming the limit", async () => {
        const bare = JSON.stringify(bulkRequest([], { x: "" })).length;
        const sized = (bytes: number) => bulkRequest([], { x: "x".repeat(bytes - bare) });
        await send(sized(1_048_576)).expect(200);
        const { body } = await send(sized(1_048_577)).expect(413);
        expect(body).to.deep.include({ schemas: [errorUrn], status: "413" });
        expect(body.detail).to.contain("1048576 bytes");
      });
    });

    it("names that every object has are bulkIds like any other", async () => {
      const names = ["constructor", "toString", "hasOwnProperty", "__proto__"];
      const entries = await carriedOut([
        newGroup(
          fresh("g"),
          names.map((each) => `bulkId:${each}`),
        ),
        ...names.map((bulkId) => ({ ...newUser(fresh("u")), bulkId })),
      ]);
      expect(new Set(statuses(entries))).to.deep.equal(new Set(["201"]));
    });

    it("another organisation's resources are not there", async () => {
      const theirs = await service.as(["admin:scim"], await service.organization(fresh("org")));
      const { id } = (
        await theirs
          .post("/scim/v2/Users")
          .send({ schemas: [userUrn], userName: "eve" })
          .expect(201)
      ).body;
      const entries = await carriedOut([
        { method: "PUT", path: `/Users/${id}`, data: { userName: fresh("taken") } },
        patching(`/Users/${id}`, { op: "replace", path: "active", value: false }),
        { method: "DELETE", path: `/Users/${id}` },
        newGroup(fresh("g"), [id]),
      ]);
      expect(statuses(entries)).to.deep.equal(["404", "404", "404", "400"]);
      const kept = (await theirs.get(`/scim/v2/Users/${id}`).expect(200)).body;
      expect(kept).to.deep.include({ userName: "eve", active: true });
    });
  });
}
