import { expect } from "chai";
import { newEntity } from "../../../src/domain/entity.ts";
import { requestLog } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { trackSecret } from "../../support/secrets.ts";
import { type Agent, groupUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";
import { errorPointers } from "./pointers.fixture.ts";

interface Logged {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly requestId: string;
  readonly detail?: string;
}

/** What an identity administrator reads when provisioning fails. */
describeOnEngines("GET /api/request-log", (open) => {
  let service: Service;
  let reader: Agent;
  let provider: string;
  /** The tests send requests that are logged as well. */
  let to: string;
  before(async () => {
    service = await startService({ open });
    reader = await service.clientWithScopes(["admin:read"]);
    const { id, secret } = await service.issueToken({ scopes: ["admin:scim"] });
    provider = id;
    const scim = service.clientWithSecret(secret);
    const user = { schemas: [userUrn], userName: "ada.lovelace@example.com", name: { familyName: "Lovelace" } };
    await scim.post("/scim/v2/Users").send(user).expect(201);
    await scim.post("/scim/v2/Users").set("X-Request-Id", "the-second").send(user).expect(409);
    await scim.get("/scim/v2/Users").query({ filter: 'userName eq "ada.lovelace@example.com"' }).expect(200);
    await scim.get("/api/users").expect(403);
    const theirs = await service.clientWithScopes(["admin:scim"], await service.createOrganization("theirs"));
    await theirs.get("/scim/v2/Users").set("X-Request-Id", "of-theirs").expect(200);
    // Buffered entries are written every few seconds.
    to = new Date().toISOString();
    while ((await listEntries({})).length < 4) await new Promise((resolve) => setTimeout(resolve, 100));
  });
  after(() => service.dispose());

  const listEntries = async (query: object): Promise<readonly Logged[]> =>
    (
      await reader
        .get("/api/request-log")
        .query({ to, ...query })
        .expect(200)
    ).body.data;

  it("lists SCIM requests and rejected /api requests, newest first, with their details", async () => {
    const logged = await listEntries({});
    expect(logged.map(({ method, status }) => `${method} ${status}`)).to.deep.equal([
      ...["GET 403", "GET 200", "POST 409", "POST 201"],
    ]);
    const rejected = logged[2];
    expect(rejected).to.deep.include({ path: "/scim/v2/Users", requestId: "the-second" });
    expect(rejected).to.deep.include({ actor: { type: "token", id: provider, name: "test" }, ip: "127.0.0.1" });
    expect(rejected?.detail).to.contain("userName");
    expect(rejected).to.include.keys("createdAt", "durationMs", "body");
    expect(rejected).to.not.have.any.keys("organizationId", "version", "updatedAt");
    expect(JSON.stringify(logged)).to.not.match(/lovelace|example\.com/i);
  });

  it("filters by request id, token, method, status, rejection and time, alone and combined", async () => {
    expect(await listEntries({ requestId: "the-second" })).to.have.length(1);
    expect(await listEntries({ actorId: provider })).to.have.length(4);
    for (const name of ["rejected", "refused"]) {
      expect((await listEntries({ [name]: true })).map(({ status }) => status)).to.deep.equal([403, 409]);
      expect((await listEntries({ [name]: false })).map(({ status }) => status)).to.deep.equal([200, 201]);
      expect((await listEntries({ method: "POST", [name]: true })).map(({ status }) => status)).to.deep.equal([409]);
    }
    expect((await listEntries({ status: 201 })).map(({ method }) => method)).to.deep.equal(["POST"]);
    expect(await listEntries({ to: "2020-01-01T00:00:00Z" })).to.deep.equal([]);
    expect(await listEntries({ from: "2020-01-01T00:00:00Z" })).to.have.length(4);
    const wrong = async (query: object) => errorPointers(await reader.get("/api/request-log").query(query).expect(400));
    expect(await wrong({ method: "get" })).to.deep.equal(["/method"]);
    expect(await wrong({ status: 99 })).to.deep.equal(["/status"]);
    expect(await wrong({ path: "/scim/" })).to.deep.equal(["/path"]);
    expect(await wrong({ user: "usr_1" })).to.deep.equal(["/user"]);
  });

  it("pages, and returns one entry in the same form", async () => {
    const { body: first } = await reader.get("/api/request-log").query({ to, limit: 3 }).expect(200);
    const query = { to, limit: 3, cursor: first.pagination.nextCursor };
    const { body: second } = await reader.get("/api/request-log").query(query).expect(200);
    expect([...first.data, ...second.data]).to.deep.equal(await listEntries({}));
    expect(second.pagination.hasMore).to.equal(false);
    const { body: one } = await reader.get(`/api/request-log/${first.data[0].id}`).expect(200);
    expect(one).to.deep.equal(first.data[0]);
  });

  it("requires admin:read, and returns the same response for a foreign entry as for an unknown one", async () => {
    expect(await listEntries({ requestId: "of-theirs" })).to.deep.equal([]);
    const [{ id } = { id: "" }] = await listEntries({});
    const stranger = await service.clientWithScopes(["admin:read"], await service.createOrganization("stranger"));
    const bodies = [];
    for (const each of [id, id.replace(/.{10}$/, "0000000000")]) {
      bodies.push((await stranger.get(`/api/request-log/${each}`).set("X-Request-Id", "same").expect(404)).text);
    }
    expect(new Set(bodies).size).to.equal(1);
    for (const scope of ["admin:scim", "admin:tokens", "connect:write"] as const) {
      await (await service.clientWithScopes([scope])).get("/api/request-log").expect(403);
    }
    await reader.delete(`/api/request-log/${id}`).expect(405);
  });
});

interface LoggedFailure extends Logged {
  readonly rejected?: boolean;
  readonly resourceId?: string;
  readonly actor?: { readonly id?: string };
  readonly accessTokenId?: string;
  readonly body?: unknown;
  readonly failedOperations?: readonly {
    readonly number: number;
    readonly patchOperation?: number;
    readonly resourceId?: string;
    readonly status: number;
    readonly detail: string;
  }[];
}

/** Each request has an `X-Request-Id`, by which the test finds its entry. */
describeOnEngines("What the request log shows of a failure", (open) => {
  let service: Service;
  let reader: Agent;
  let scim: Agent;
  let userId: string;
  let groupId: string;
  let goneId: string;
  before(async () => {
    service = await startService({ open });
    reader = await service.clientWithScopes(["admin:read"]);
    scim = await service.clientWithScopes(["admin:scim"]);
    const create = async (userName: string): Promise<string> =>
      JSON.parse(
        (
          await scim
            .post("/scim/v2/Users")
            .send({ schemas: [userUrn], userName })
            .expect(201)
        ).text,
      ).id;
    userId = await create("grace@example.com");
    goneId = await create("gone@example.com");
    await scim.delete(`/scim/v2/Users/${goneId}`).expect(204);
    const group = await scim
      .post("/scim/v2/Groups")
      .send({ schemas: [groupUrn], displayName: "Crew" })
      .expect(201);
    groupId = JSON.parse(group.text).id;
  });
  after(() => service.dispose());

  const patch = (requestId: string, path: string, ...Operations: object[]) =>
    scim
      .patch(`/scim/v2${path}`)
      .set("X-Request-Id", requestId)
      .send({ schemas: [patchUrn], Operations });

  /** Waits for the entry of a request. Buffered entries are written every few seconds. */
  const findEntry = async (requestId: string): Promise<LoggedFailure> => {
    for (;;) {
      const { body } = await reader.get("/api/request-log").query({ requestId }).expect(200);
      if (body.data[0]) return body.data[0];
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  const list = async (query: object): Promise<readonly LoggedFailure[]> =>
    (await reader.get("/api/request-log").query(query).expect(200)).body.data;

  it("names an unknown attribute of a PATCH path, and the operation", async () => {
    await patch(
      "unknown-path",
      `/Users/${userId}`,
      { op: "replace", path: "displayName", value: "Grace" },
      { op: "replace", path: "favoriteColor_2", value: "purple" },
    ).expect(400);
    const { detail, failedOperations, resourceId, rejected } = await findEntry("unknown-path");
    expect(detail).to.contain('"favoriteColor_2"');
    expect(failedOperations).to.deep.equal([{ number: 2, status: 400, detail }]);
    expect({ resourceId, rejected }).to.deep.equal({ resourceId: userId, rejected: true });
  });

  it("numbers the operation that cannot be applied, validated or that changes a read-only attribute", async () => {
    const first = { op: "replace", path: "displayName", value: "Grace" };
    for (const [name, operation] of Object.entries({
      "no-target": { op: "replace", path: 'emails[type eq "home"].value', value: "a@example.com" },
      "bad-value": { op: "replace", path: "active", value: "purple" },
      "read-only": { op: "replace", path: "groups", value: [{ value: "grp_1" }] },
      "bad-op": { op: "paint", path: "title", value: "x" },
      "no-path": { op: "remove" },
    })) {
      await patch(name, `/Users/${userId}`, first, first, operation).expect(400);
      expect((await findEntry(name)).failedOperations?.[0]?.number, name).to.equal(3);
    }
  });

  it("shows the id of a stale member, and the operation that adds it", async () => {
    await patch(
      "stale-member",
      `/Groups/${groupId}`,
      { op: "replace", path: "displayName", value: "The crew" },
      { op: "add", path: "members", value: [{ value: userId }] },
      { op: "remove", path: `members[value eq "${userId}"]` },
      { op: "add", path: "members", value: [{ value: userId }, { value: goneId }] },
    ).expect(400);
    const { detail, failedOperations, resourceId, body } = await findEntry("stale-member");
    expect(detail).to.contain(`"${goneId}"`);
    expect(failedOperations).to.deep.equal([{ number: 4, status: 400, detail }]);
    expect(resourceId).to.equal(groupId);
    expect(JSON.stringify(body)).to.contain(`members[value eq \\"${userId}\\"]`);
    expect(JSON.stringify(body)).to.contain(`"value":"${goneId}"`);
  });

  it("lists the failed operations of a bulk request, with their number, id and reason, and counts it as rejected", async () => {
    const Operations = [
      { method: "POST", path: "/Users", bulkId: "one", data: { schemas: [userUrn], userName: "one@example.com" } },
      { method: "DELETE", path: `/Users/${goneId}` },
      {
        ...{ method: "PATCH", path: `/Users/${userId}` },
        data: {
          schemas: [patchUrn],
          Operations: [
            { op: "replace", path: "title", value: "Admiral" },
            { op: "replace", path: "shoeSize", value: "Admiral" },
          ],
        },
      },
    ];
    await scim
      .post("/scim/v2/Bulk")
      .set("X-Request-Id", "bulk")
      .send({ schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], Operations })
      .expect(200);
    const { failedOperations = [], rejected, status } = await findEntry("bulk");
    expect({ rejected, status }).to.deep.equal({ rejected: true, status: 200 });
    expect(failedOperations[0]).to.deep.include({ number: 2, status: 404, resourceId: goneId });
    expect(failedOperations[1]).to.deep.include({ number: 3, status: 400, resourceId: userId, patchOperation: 2 });
    expect(failedOperations[1]?.detail).to.contain('"shoeSize"');
    expect(failedOperations).to.have.length(2);
  });

  it("shows why a body was rejected before it was parsed, and does not read its bytes as values", async () => {
    for (const [name, body] of [
      ["no-json", "{"],
      ["too-deep", "[".repeat(100_000)],
    ] as const) {
      const request = scim.post("/scim/v2/Users").set("X-Request-Id", name).set("Content-Type", "application/json");
      await request.serialize(String).send(body).expect(400);
      const entry = await findEntry(name);
      expect(entry.detail).to.match(/^The body is /);
      expect(entry).to.not.have.property("body");
    }
  });

  it("never shows a value, also where a name belongs", async () => {
    const value = "hopper@example.com";
    await scim
      .post("/scim/v2/Users")
      .set("X-Request-Id", "value-as-name")
      .send({ schemas: [userUrn], userName: "x", [value]: "secret", phoneNumbers: "+1 555 0100" });
    await patch("value-as-path", `/Users/${userId}`, { op: "replace", path: value, value });
    await patch("value-in-path", `/Users/${userId}`, {
      op: "replace",
      path: `emails[value eq "${value}"].shoe`,
      value: "secret",
    });
    await patch("value-as-member", `/Groups/${groupId}`, { op: "add", path: "members", value: [{ value }] });
    await scim
      .get("/scim/v2/Users")
      .query({ filter: `shoe eq "${value}"` })
      .set("X-Request-Id", "value-in-filter");
    await scim.get("/scim/v2/Users").query({ sortBy: value }).set("X-Request-Id", "value-as-sort-key");
    for (const name of [
      "value-as-name",
      "value-as-path",
      "value-in-path",
      "value-as-member",
      "value-in-filter",
      "value-as-sort-key",
    ]) {
      const text = JSON.stringify(await findEntry(name));
      expect(text, name).to.not.match(/hopper|secret|555 0100/);
    }
    expect((await findEntry("value-in-path")).detail).to.contain('"emails[...].shoe"');
    expect((await findEntry("value-in-filter")).detail).to.contain('"shoe"');
  });

  it("finds requests by user, group and path", async () => {
    await patch("last", `/Groups/${groupId}`, { op: "add", path: "members", value: [{ value: userId }] }).expect(204);
    await findEntry("last");
    const methods = async (query: object) => (await list(query)).map(({ method, status }) => `${method} ${status}`);
    expect(await methods({ userId: goneId })).to.deep.equal(["DELETE 204", "POST 201"]);
    expect((await methods({ groupId })).slice(-2)).to.deep.equal(["PATCH 400", "POST 201"]);
    expect((await methods({ userId, rejected: true })).slice(-1)).to.deep.equal(["PATCH 400"]);
    expect(await list({ userId: groupId.replace(/.{10}$/, "0000000000") })).to.deep.equal([]);
    expect(new Set((await list({ path: "/scim/v2/Groups" })).map(({ path }) => path))).to.deep.equal(
      new Set(["/scim/v2/Groups", `/scim/v2/Groups/${groupId}`]),
    );
    expect((await list({ path: `/scim/v2/Users/${goneId}` })).map(({ method }) => method)).to.deep.equal(["DELETE"]);
    expect(await list({ path: "/scim/v2/User" })).to.deep.equal([]);
  });

  it("does not count lookups that find nothing as rejected, but a wrong path and a wrong write", async () => {
    const missing = goneId;
    await scim.get(`/scim/v2/Users/${missing}`).set("X-Request-Id", "lookup-scim").expect(404);
    await reader.get(`/api/users/${missing}`).set("X-Request-Id", "lookup-api").expect(404);
    await scim.get("/scim/v2/Userz").set("X-Request-Id", "wrong-path").expect(404);
    await scim.delete(`/scim/v2/Users/${missing}`).set("X-Request-Id", "wrong-write").expect(404);
    for (const [name, rejected] of [
      ["lookup-scim", undefined],
      ["lookup-api", undefined],
      ["wrong-path", true],
      ["wrong-write", true],
    ] as const) {
      expect((await findEntry(name)).rejected, name).to.equal(rejected);
    }
    const rejected = (await list({ rejected: true, status: 404 })).map(({ requestId }) => requestId);
    expect(rejected).to.deep.equal(["wrong-write", "wrong-path"]);
    expect((await list({ rejected: false, status: 404 })).map(({ requestId }) => requestId)).to.have.length(2);
  });

  it("shows the token that an OAuth access token was issued for", async () => {
    const client = await service.issueToken({ scopes: ["admin:scim"] });
    const form = { grant_type: "client_credentials", client_id: client.id, client_secret: client.secret };
    const { body } = await service.clientWithSecret().post("/oauth/token").type("form").send(form).expect(200);
    const agent = service.clientWithSecret(trackSecret(body.access_token));
    await agent.get("/scim/v2/Users").set("X-Request-Id", "by-oauth").expect(200);
    const entry = await findEntry("by-oauth");
    expect(entry.actor?.id).to.equal(client.id);
    expect(entry.accessTokenId).to.match(/^tok_/).and.not.equal(client.id);
    expect((await list({ actorId: client.id })).map(({ requestId }) => requestId)).to.deep.equal(["by-oauth"]);
  });
});

describeOnEngines("Filters of ignored attributes in the request log", (open) => {
  it("find the requests that sent an attribute, or any", async () => {
    const service = await startService({ open });
    await service.store.transaction(async (transaction) => {
      const entries = transaction.for(service.organizationId).open(requestLog);
      const request = { method: "POST", path: "/scim/v2/Users", status: 201, ip: "192.0.2.1", durationMs: 1 };
      for (const [second, [requestId, ignoredAttributes]] of (
        [
          ["none", undefined],
          ["one", ["shoeSize"]],
          ["two", ["shoeSize", "favoriteColor"]],
        ] as const
      ).entries()) {
        await entries.insert({
          ...newEntity("req", service.organizationId, new Date(Date.now() - 10_000 + 1000 * second)),
          ...request,
          requestId,
          ...(ignoredAttributes && { ignoredAttributes: [...ignoredAttributes] }),
        });
      }
    });
    const reader = await service.clientWithScopes(["admin:read"]);
    const find = async (query: object) =>
      (await reader.get("/api/request-log").query(query).expect(200)).body.data.map(
        ({ requestId }: Logged) => requestId,
      );
    expect(await find({ ignoredAttribute: "favoriteColor" })).to.deep.equal(["two"]);
    expect(await find({ ignoredAttribute: "shoeSize" })).to.deep.equal(["two", "one"]);
    expect(await find({ hasIgnoredAttributes: true })).to.deep.equal(["two", "one"]);
    expect(await find({ hasIgnoredAttributes: false })).to.deep.equal(["none"]);
    await service.dispose();
  });
});
