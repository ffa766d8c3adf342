import { expect } from "chai";
import { auditEvents } from "../../../../src/store/collections.ts";
import { describeOnEngines } from "../../../store/engines.fixture.ts";
import { type Agent, type Service, startService, userUrn } from "../../../support/service.ts";
import {
  type BulkResponseOperation,
  buildBulkRequest,
  createGroupOperation,
  createUserOperation,
  idFromLocation,
  patchOperation,
} from "./bulk.fixture.ts";

const errorUrn = "urn:ietf:params:scim:api:messages:2.0:Error";

describeOnEngines("RFC 7644 3.7: bulk", (open) => {
  let service: Service;
  let scim: Agent;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  let number = 0;
  const fresh = (prefix: string): string => `${prefix}${++number}`;
  const send = (body: unknown) => scim.post("/scim/v2/Bulk").type("application/scim+json").send(JSON.stringify(body));
  const execute = async (Operations: readonly unknown[], more: object = {}): Promise<BulkResponseOperation[]> => {
    const { body } = await send(buildBulkRequest(Operations, more)).expect(200);
    expect(body.schemas).to.deep.equal(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]);
    return body.Operations;
  };
  const statuses = (entries: readonly BulkResponseOperation[]): string[] => entries.map(({ status }) => status);
  const created = async (): Promise<string> =>
    (
      await scim
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: fresh("u") })
        .expect(201)
    ).body.id;
  const count = async (type: string, filter: string): Promise<number> =>
    (await scim.get(`/scim/v2/${type}`).query({ filter, count: 0 }).expect(200)).body.totalResults;

  it("executes operations of every method and returns their results in the order of the request", async () => {
    const [put, patched, removed] = [await created(), await created(), await created()];
    const bulkId = fresh("alice");
    const entries = await execute([
      createUserOperation(bulkId),
      { method: "PUT", path: `/Users/${put}`, version: 'W/"1"', data: { userName: fresh("put") } },
      patchOperation(`/Users/${patched}`, { op: "add", path: "nickName", value: "Dave" }),
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

  it("returns 204 for a change of a group's members", async () => {
    const [group] = await execute([createGroupOperation(fresh("g"))]);
    const member = { op: "add", path: "members", value: [{ value: await created() }] };
    const [entry] = await execute([patchOperation(`/Groups/${group && idFromLocation(group)}`, member)]);
    expect(entry).to.deep.include({ method: "PATCH", version: 'W/"2"', status: "204", location: group?.location });
  });

  it("accepts method, path and member names case-insensitively", async () => {
    const bulkId = fresh("user");
    const { data } = createUserOperation(bulkId);
    const operation = { METHOD: "post", Path: "/users", bulkid: bulkId, Data: data };
    const body = { SCHEMAS: buildBulkRequest([]).schemas, operations: [operation], FailOnErrors: 1 };
    const response = await send(body).expect(200);
    expect(response.body.Operations).to.have.length(1);
    expect(response.body.Operations[0]).to.deep.include({ method: "POST", bulkId, status: "201" });
    expect(await count("Users", `userName eq "${bulkId}"`)).to.equal(1);
  });

  it("returns 412 for a stale version and changes nothing", async () => {
    const id = await created();
    const change = { ...patchOperation(`/Users/${id}`, { op: "add", path: "title", value: "x" }), version: 'W/"1"' };
    const entries = await execute([change, change, { method: "DELETE", path: `/Users/${id}`, version: 'W/"1"' }]);
    expect(statuses(entries)).to.deep.equal(["200", "412", "412"]);
    expect(entries[1]?.response).to.include({ status: "412" });
    expect((await scim.get(`/scim/v2/Users/${id}`).expect(200)).body.meta.version).to.equal('W/"2"');
  });

  it("writes an audit event with the request id for each change", async () => {
    const bulkId = fresh("audited");
    const requestId = fresh("bulk-request-");
    const [entry] = (
      await send(buildBulkRequest([createUserOperation(bulkId)]))
        .set("X-Request-Id", requestId)
        .expect(200)
    ).body.Operations;
    const { items } = await service.store
      .for(service.organizationId)
      .open(auditEvents)
      .list({ where: { op: "eq", path: "target.id", value: idFromLocation(entry) }, limit: 10 });
    expect(items.map(({ action, requestId: id }) => [action, id])).to.deep.equal([["user.create", requestId]]);
  });

  describe("RFC 7644 3.7.3: failOnErrors", () => {
    it("stops after this number of errors and returns the results so far", async () => {
      const wrong = () => createUserOperation(fresh("wrong"), { userName: 5 });
      const last = createUserOperation(fresh("never"));
      const entries = await execute(
        [createUserOperation(fresh("ok")), wrong(), createUserOperation(fresh("ok")), wrong(), last],
        {
          failOnErrors: 2,
        },
      );
      expect(statuses(entries)).to.deep.equal(["201", "400", "201", "400"]);
      expect(await count("Users", `userName eq "${last.bulkId}"`)).to.equal(0);
    });

    it("executes every operation if there are fewer errors", async () => {
      const entries = await execute([null, createUserOperation(fresh("ok"))], { failOnErrors: 2 });
      expect(statuses(entries)).to.deep.equal(["400", "201"]);
    });

    for (const failOnErrors of [0, -1, 1.5, "1", true, {}]) {
      it(`rejects ${JSON.stringify(failOnErrors)} and executes nothing`, async () => {
        const user = createUserOperation(fresh("none"));
        const { body } = await send(buildBulkRequest([user], { failOnErrors })).expect(400);
        expect(body).to.include({ scimType: "invalidValue" });
        expect(body.detail).to.contain("failOnErrors");
        expect(await count("Users", `userName eq "${user.bulkId}"`)).to.equal(0);
      });
    }
  });

  describe("RFC 7644 3.7.4: limits", () => {
    it("are those of ServiceProviderConfig", async () => {
      const { body } = await scim.get("/scim/v2/ServiceProviderConfig").expect(200);
      expect(body.bulk).to.deep.equal({ supported: true, maxOperations: 1000, maxPayloadSize: 1_048_576 });
    });

    it("allow 1,000 operations without blocking other requests", async () => {
      let done = false;
      const bulk = execute(Array.from({ length: 1000 }, () => ({ method: "DELETE", path: "/Users/usr_0" })));
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

    it("reject 1,001 operations with 413, name the limit, and execute nothing", async () => {
      const operations = Array.from({ length: 1001 }, () => createUserOperation(fresh("many")));
      const { body } = await send(buildBulkRequest(operations)).expect(413);
      expect(body).to.deep.include({ schemas: [errorUrn], status: "413" });
      expect(body.detail).to.contain("maxOperations (1000)");
      expect(await count("Users", 'userName sw "many"')).to.equal(0);
    });

    it("allow 1,048,576 bytes and reject one more with 413, naming the limit", async () => {
      const bare = JSON.stringify(buildBulkRequest([], { x: "" })).length;
      const sized = (bytes: number) => buildBulkRequest([], { x: "x".repeat(bytes - bare) });
      await send(sized(1_048_576)).expect(200);
      const { body } = await send(sized(1_048_577)).expect(413);
      expect(body).to.deep.include({ schemas: [errorUrn], status: "413" });
      expect(body.detail).to.contain("1048576 bytes");
    });
  });

  it("accepts names that every object inherits as bulkIds", async () => {
    const names = ["constructor", "toString", "hasOwnProperty", "valueOf"];
    const entries = await execute([
      createGroupOperation(
        fresh("g"),
        names.map((each) => `bulkId:${each}`),
      ),
      ...names.map((bulkId) => ({ ...createUserOperation(fresh("u")), bulkId })),
    ]);
    expect(new Set(statuses(entries))).to.deep.equal(new Set(["201"]));
  });

  it("returns 404 for resources of another organization", async () => {
    const theirs = await service.clientWithScopes(["admin:scim"], await service.createOrganization(fresh("org")));
    const { id } = (
      await theirs
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: "eve" })
        .expect(201)
    ).body;
    const entries = await execute([
      { method: "PUT", path: `/Users/${id}`, data: { userName: fresh("taken") } },
      patchOperation(`/Users/${id}`, { op: "replace", path: "active", value: false }),
      { method: "DELETE", path: `/Users/${id}` },
      createGroupOperation(fresh("g"), [id]),
    ]);
    expect(statuses(entries)).to.deep.equal(["404", "404", "404", "400"]);
    const kept = (await theirs.get(`/scim/v2/Users/${id}`).expect(200)).body;
    expect(kept).to.deep.include({ userName: "eve", active: true });
  });
});
