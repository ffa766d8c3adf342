import { expect } from "chai";
import { RejectedCredentials } from "../../../src/domain/audit/rejections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { errorPointers } from "./pointers.fixture.ts";

interface Event {
  readonly id: string;
  readonly createdAt: string;
  readonly action: string;
  readonly actor: { readonly type: string; readonly id?: string };
  readonly target?: { readonly type: string; readonly id: string };
}

describeOnEngines("GET /api/audit-events", (open) => {
  let service: Service;
  let admin: Agent;
  let adminId: string;
  const users: string[] = [];
  before(async () => {
    service = await startService({ open });
    const { id, secret } = await service.issueToken({ scopes: ["admin:write"] });
    adminId = id;
    admin = service.clientWithSecret(secret);
    for (let at = 0; at < 7; at++) {
      users.push(
        (
          await admin
            .post("/api/users")
            .send({ userName: `user${at}` })
            .expect(201)
        ).body.id,
      );
    }
    await admin.patch(`/api/users/${users[0]}`).send({ displayName: "Ada" }).expect(200);
    await admin.delete(`/api/users/${users[1]}`).expect(204);
    await admin.post("/api/groups").send({ displayName: "engineers" }).expect(201);
  });
  after(() => service.dispose());

  const listEvents = async (query: object, agent = admin): Promise<readonly Event[]> =>
    (await agent.get("/api/audit-events").query(query).expect(200)).body.data;
  const actions = async (query: object) => (await listEvents(query)).map(({ action }) => action);

  it("lists events newest first, with actor, target and address", async () => {
    const events = await listEvents({});
    expect(events.map(({ id }) => id)).to.deep.equal(
      events
        .map(({ id }) => id)
        .toSorted()
        .toReversed(),
    );
    expect(events.slice(0, 4).map(({ action }) => action)).to.deep.equal([
      "group.create",
      "user.delete",
      "user.update",
      "user.create",
    ]);
    expect(events[1]).to.deep.include({ outcome: "success", target: { type: "user", id: users[1] } });
    expect(events[1]?.actor).to.deep.equal({ type: "token", id: adminId, name: "test" });
    expect(events[1]).to.include.keys("requestId", "ip", "createdAt", "before");
    expect(events[1]).to.not.have.any.keys("organizationId", "version", "updatedAt");
  });

  it("returns one event in the same form as the list", async () => {
    const [event] = await listEvents({ limit: 1 });
    const { body } = await admin.get(`/api/audit-events/${event?.id}`).expect(200);
    expect(body).to.deep.equal(event);
    for (const id of ["aud_0", "nothing", "%00"]) await admin.get(`/api/audit-events/${id}`).expect(404);
  });

  it("pages without loss or repetition while other events are recorded", async () => {
    const before = await listEvents({ limit: 100 });
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const query = { limit: 3, ...(cursor !== undefined && { cursor }) };
      const { body } = await admin.get("/api/audit-events").query(query).expect(200);
      seen.push(...body.data.map(({ id }: Event) => id));
      cursor = body.pagination.nextCursor;
      await admin
        .patch(`/api/users/${users[2]}`)
        .send({ displayName: `at ${seen.length}` })
        .expect(200);
    }
    expect(seen).to.deep.equal(before.map(({ id }) => id));
  });

  it("filters by action, actor and target, alone and combined", async () => {
    expect(new Set(await actions({ action: "user.create" }))).to.deep.equal(new Set(["user.create"]));
    expect(await actions({ action: "policy.delete" })).to.deep.equal([]);
    expect(await actions({ targetId: users[1] })).to.deep.equal(["user.delete", "user.create"]);
    expect(await actions({ targetId: users[1], action: "user.create" })).to.deep.equal(["user.create"]);
    expect(await actions({ targetType: "group" })).to.deep.equal(["group.create"]);
    expect(await actions({ actorId: adminId, targetType: "group" })).to.deep.equal(["group.create"]);
    expect(await actions({ actorId: "tok_other" })).to.deep.equal([]);
    expect(await actions({ actorType: "service" })).to.have.members(["token.create", "organization.create"]);
    expect(await actions({ actorType: "operator" })).to.deep.equal(["token.create"]);
  });

  it("filters by the id of the request, in the list and in the export", async () => {
    const listed = async (query: object) => (await listEvents(query)).map(({ target }) => target?.id);
    const created = await admin.post("/api/users").send({ userName: "requested" }).expect(201);
    const requestId = created.headers["x-request-id"];
    expect(await listed({ requestId })).to.deep.equal([created.body.id]);
    expect(await listed({ requestId, action: "user.delete" })).to.deep.equal([]);
    const { text } = await admin.get("/api/audit-events/export").query({ requestId }).expect(200);
    expect(text.split("\n")).to.have.length(2);
    expect(text).to.contain(created.body.id);

    // A client can choose any id, also one that contains a false time.
    const from = new Date(Date.now() - 60_000).toISOString();
    for (const chosen of ["my-own.request_id", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]) {
      const sent = admin
        .post("/api/users")
        .set("X-Request-Id", chosen)
        .send({ userName: `${chosen}@example.com` });
      const { body } = await sent.expect(201);
      expect(await listed({ requestId: chosen, from }), chosen).to.deep.equal([body.id]);
    }
    expect(await listed({ requestId: "my-own.request_id" })).to.have.length(1);
    expect(await listed({ requestId: "01ARZ3NDEKTSV4RRFFQ69G5FAV" })).to.deep.equal([]);
    expect(await listed({ requestId: "unknown" })).to.deep.equal([]);
    expect(errorPointers(await admin.get("/api/audit-events?requestId=a&requestId=b").expect(400))).to.deep.equal([
      "/requestId",
    ]);
  });

  it("rejects an action that does not exist, in the list and in the export, and names the parameter", async () => {
    for (const path of ["/api/audit-events", "/api/audit-events/export"]) {
      for (const action of ["user", "USER.CREATE", "", "*", "$ne"]) {
        const { body } = await admin.get(path).query({ action }).expect(400);
        expect(
          body.errors.map(({ pointer }: { pointer: string }) => pointer),
          action,
        ).to.deep.equal(["/action"]);
      }
    }
  });

  it("exports all matching events as JSON Lines, oldest first, in the form of the list", async () => {
    const all = (await listEvents({ limit: 100 })).toReversed();
    const exported = async (query: object, agent = admin): Promise<readonly Event[]> => {
      const { text, headers } = await agent.get("/api/audit-events/export").query(query).expect(200);
      expect(headers["content-type"]).to.equal("application/jsonl");
      expect(text).to.match(/^$|\n$/);
      return text.split("\n").flatMap((line) => (line ? [JSON.parse(line)] : []));
    };
    expect(await exported({})).to.deep.equal(all);
    const action = "user.create";
    expect(await exported({ action })).to.deep.equal(all.filter((event) => event.action === action));
    const [first = all[0], second] = [all[1], all[3]];
    const middle = { from: first?.createdAt, to: second?.createdAt };
    expect(await exported(middle)).to.deep.equal(
      all.filter(({ createdAt }) => createdAt >= String(middle.from) && createdAt < String(middle.to)),
    );
    expect(await exported({ to: "1999-01-01T00:00:00Z" })).to.deep.equal([]);
    const other = await service.clientWithScopes(["admin:read"], await service.createOrganization("exporting"));
    for (const event of await exported({}, other)) expect(all.map(({ id }) => id)).to.not.include(event.id);
    expect(errorPointers(await admin.get("/api/audit-events/export").query({ limit: 5 }).expect(400))).to.deep.equal([
      "/limit",
    ]);
    const scim = await service.clientWithScopes(["admin:scim"]);
    await scim.get("/api/audit-events/export").expect(403);
  });

  it("exports every event when there are more than one read returns", async () => {
    const agent = await service.clientWithScopes(["admin:write"], await service.createOrganization("busy"));
    for (let at = 0; at < 450; at++) await agent.put(`/api/commands/c-${at}`).send({ name: "C", template: "t" });
    const { text } = await agent.get("/api/audit-events/export").query({ action: "command.create" }).expect(200);
    const slugs = text.split("\n").flatMap((line) => (line ? [JSON.parse(line).after.slug] : []));
    expect(slugs).to.deep.equal(Array.from({ length: 450 }, (_, at) => `c-${at}`));
  });

  it("filters by time: from is inclusive, to is exclusive", async () => {
    const all = await listEvents({ limit: 100 });
    for (const { createdAt } of [all[2], all.at(-1)].flatMap((event) => event ?? [])) {
      const since = await listEvents({ from: createdAt, limit: 100 });
      expect(since).to.deep.equal(all.filter((event) => event.createdAt >= createdAt));
      const earlier = await listEvents({ to: createdAt, limit: 100 });
      expect(earlier).to.deep.equal(all.filter((event) => event.createdAt < createdAt));
    }
    const last = all[0]?.createdAt ?? "";
    const offset = `${new Date(Date.parse(last) + 3_600_000).toISOString().slice(0, -1)}+01:00`;
    expect(await listEvents({ from: offset, to: "9999-12-31T23:59:59Z" })).to.deep.equal(
      await listEvents({ from: last }),
    );
    expect(await listEvents({ to: "0001-01-01T00:00:00Z" })).to.deep.equal([]);
    expect(await listEvents({ from: "0001-01-01T00:00:00Z", action: "group.create" })).to.have.length(1);
    expect(await listEvents({ from: last, to: all.at(-1)?.createdAt, targetId: users[0] })).to.deep.equal([]);
  });

  it("rejects unknown or invalid parameters by name, and the cursor of another list", async () => {
    const wrong = async (query: object) => errorPointers(await admin.get("/api/audit-events").query(query).expect(400));
    expect(await wrong({ from: "yesterday" })).to.deep.equal(["/from"]);
    expect(await wrong({ to: "2026-02-30T00:00:00Z" })).to.deep.equal(["/to"]);
    expect(await wrong({ outcome: "perhaps" })).to.deep.equal(["/outcome"]);
    expect(await wrong({ actorType: "nobody" })).to.deep.equal(["/actorType"]);
    expect(await wrong({ before: "x" })).to.deep.equal(["/before"]);
    await admin.get("/api/audit-events").query({ action: "user.create\0" }).expect(400);
    expect(await wrong({ limit: 101 })).to.deep.equal(["/limit"]);
    const { body } = await admin.get("/api/audit-events").query({ limit: 1 }).expect(200);
    await admin.get("/api/audit-events").query({ cursor: body.pagination.nextCursor, outcome: "success" }).expect(400);
  });

  it("distinguishes rejected authentications by their cause", async () => {
    const errorCases = new RejectedCredentials(service.store);
    const actor = { type: "token", id: "tok_gone" } as const;
    const organizationId = service.organizationId;
    errorCases.record({ organizationId, actor, cause: "revoked", ip: "192.0.2.1", requestId: "req_1" });
    await errorCases.flush();
    const rejected = await listEvents({ outcome: "refused" });
    expect(rejected.map(({ action }) => action)).to.deep.equal(["authentication.refused"]);
    expect(await listEvents({ action: "authentication.refused", actorId: actor.id })).to.deep.equal(rejected);
  });
});

describeOnEngines("Authorization of /api/audit-events", (open) => {
  let service: Service;
  before(async () => {
    service = await startService({ open });
  });
  after(() => service.dispose());

  it("requires admin:read, has no user's view and no write operations", async () => {
    const reader = await service.clientWithScopes(["admin:read"]);
    const { body } = await reader.get("/api/audit-events").expect(200);
    const at = `/api/audit-events/${body.data[0].id}`;
    for (const scope of ["admin:scim", "admin:tokens", "connect:write"] as const) {
      const agent = await service.clientWithScopes([scope]);
      for (const path of ["/api/audit-events", at]) await agent.get(path).expect(403);
    }
    const all = await service.clientWithScopes(["all"]);
    await all.get("/api/audit-events").set("x-user-email", "anybody").expect(403);
    for (const method of ["put", "patch", "delete"] as const) await all[method](at).send({}).expect(405);
    await all.post("/api/audit-events").send({}).expect(405);
  });

  it("returns the same response for another organization's event as for an unknown one", async () => {
    const ours = await service.clientWithScopes(["admin:read"]);
    const theirs = await service.clientWithScopes(["admin:read"], await service.createOrganization("other"));
    const { body } = await ours.get("/api/audit-events").expect(200);
    const { id, target } = body.data[0];
    const seen = (await theirs.get("/api/audit-events").query({ limit: 100 }).expect(200)).body.data as Event[];
    expect(seen.map((event) => event.id)).to.not.include(id);
    const query = { targetId: target.id };
    expect((await theirs.get("/api/audit-events").query(query).expect(200)).body.data).to.deep.equal([]);
    const bodies = [];
    for (const each of [id, id.replace(/.{10}$/, "0000000000")]) {
      bodies.push((await theirs.get(`/api/audit-events/${each}`).set("X-Request-Id", "same").expect(404)).text);
    }
    expect(new Set(bodies).size).to.equal(1);
  });
});
