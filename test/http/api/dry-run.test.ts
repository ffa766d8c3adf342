import { expect } from "chai";
import { apiOperations } from "../../../src/http/api/operations.ts";
import { cascadeDeletes, idempotencyKeys, serviceTenant } from "../../../src/store/collections.ts";
import { exportToString } from "../../domain/transfer/filled-store.fixture.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { resourceFixtures } from "./resources.fixture.ts";

type Method = "post" | "put" | "patch" | "delete";

interface WriteRequest {
  readonly operationId: string;
  readonly method: Method;
  readonly path: string;
  readonly body?: object;
  /** The rest of the query. */
  readonly query?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

const urn = "urn:example:dry-run:2.0:User";

/** What `dryRun` promises for every operation that has it. */
describeOnEngines("dryRun=true", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
  });
  after(() => service.dispose());

  let number = 0;
  const covered = new Set<string>();

  /** Everything that is stored, without the counters of use that every request changes. */
  const readAll = async (): Promise<readonly string[]> => {
    const lines = (await exportToString(service.store)).trimEnd().split("\n").slice(1, -1);
    const volatile = new Set(["lastUsed", "requestCount", "failedCount", "failures", "networks"]);
    const stable = lines
      .filter((line) => !/"id":"(?:req|prv|act)_/.test(line))
      .map((line) => JSON.stringify(JSON.parse(line), (name, value) => (volatile.has(name) ? undefined : value)));
    const tenant = service.store.for(service.organizationId);
    const keys = (await tenant.open(idempotencyKeys).list({ limit: 1000 })).items;
    const cascades = (await service.store.for(serviceTenant).open(cascadeDeletes).list({ limit: 1000 })).items;
    return [...stable, JSON.stringify(keys), JSON.stringify(cascades)];
  };

  const send = ({ method, path, body, query, headers = {} }: WriteRequest, dryRun?: boolean) =>
    admin[method](path)
      .set(headers)
      .query({ ...query, ...(dryRun !== undefined && { dryRun }) })
      .send(body);

  /** Ids, times and secrets are new in each request. */
  const comparable = (body: unknown): unknown =>
    JSON.parse(
      JSON.stringify(body, (name, value) =>
        ["id", "createdAt", "updatedAt", "token", "prefix", "masked", "expiresAt"].includes(name) ? undefined : value,
      ) || "null",
    );

  /** Sends the request as a dry run, and then as it is. */
  const expectSameResponse = async (request: WriteRequest): Promise<void> => {
    const before = await readAll();
    const trial = await send(request, true);
    expect(await readAll(), `${request.method} ${request.path}`).to.deep.equal(before);
    expect(trial.headers["gatehouse-dry-run"]).to.equal("true");
    expect(trial.headers).to.not.have.any.keys("location", "etag");
    const real = await send(request, false);
    expect(real.headers).to.not.have.property("gatehouse-dry-run");
    expect(real.status, real.text).to.be.within(200, 204);
    covered.add(request.operationId);
    if (real.status === 204) {
      expect(trial.status).to.equal(200);
      expect(trial.body.changes).to.not.be.empty;
      return;
    }
    expect(trial.status, trial.text).to.equal(real.status);
    expect(comparable(trial.body)).to.deep.equal(comparable(real.body));
  };

  for (const { path, type, keyAt, body, patch, addReference } of resourceFixtures) {
    const name = {
      "mcp-server": "McpServer",
      toolkit: "Toolkit",
      skill: "Skill",
      command: "Command",
      policy: "Policy",
      user: "User",
      group: "Group",
    }[type] as string;

    it(`${path}: has the status and body of each write, and changes nothing`, async () => {
      const at = number++;
      await expectSameResponse({ operationId: `create${name}`, method: "post", path, body: body(at) });
      const item = `${path}/${encodeURIComponent(keyAt(at))}`;
      const created = `${path}/${encodeURIComponent(keyAt(1000 + at))}`;
      await expectSameResponse({ operationId: `put${name}`, method: "put", path: created, body: body(1000 + at) });
      await expectSameResponse({ operationId: `patch${name}`, method: "patch", path: item, body: patch });
      await expectSameResponse({ operationId: `put${name}`, method: "put", path: item, body: body(at) });
      await expectSameResponse({ operationId: `put${name}`, method: "put", path: item, body: body(at) });
      await expectSameResponse({ operationId: `delete${name}`, method: "delete", path: item });
    });

    it(`${path}: rejects what the write would reject`, async () => {
      const at = number++;
      const { headers } = await admin.post(path).send(body(at)).expect(201);
      const item = `${path}/${encodeURIComponent(keyAt(at))}`;
      const before = await readAll();
      const stale = { "If-Match": '"99"' };
      const rejected: readonly [WriteRequest, number][] = [
        [{ operationId: "", method: "post", path, body: body(at) }, 409],
        [{ operationId: "", method: "patch", path: item, body: { color: "red" } }, 400],
        [{ operationId: "", method: "patch", path: item, body: patch, headers: stale }, 412],
        [{ operationId: "", method: "delete", path: item, headers: stale }, 412],
        [{ operationId: "", method: "put", path: item, body: body(at), headers: { "If-None-Match": "*" } }, 412],
        [{ operationId: "", method: "delete", path: `${path}/unknown` }, 404],
        [{ operationId: "", method: "delete", path: item, query: { color: "red" } }, 400],
      ];
      for (const [request, status] of rejected) {
        const trial = await send(request, true);
        expect(trial.status, `${request.method} ${request.path}: ${trial.text}`).to.equal(status);
        const real = await send(request);
        const { instance: _, ...problem } = trial.body;
        expect(real.body).to.deep.include(problem);
      }
      await admin.delete(item).query({ dryRun: "perhaps" }).expect(400);
      expect(await readAll()).to.deep.equal(before);
      await admin.delete(item).set("If-Match", String(headers["etag"])).expect(204);
    });

    if (!addReference) continue;
    it(`${path}: lists the references that a deletion would remove`, async () => {
      const at = number++;
      const { body: item } = await admin.post(path).send(body(at)).expect(201);
      await addReference(admin, item);
      const { body: blocked } = await admin.delete(`${path}/${item.id}`).query({ dryRun: true }).expect(409);
      const before = await readAll();
      const query = { dryRun: true, detach: true };
      const { body: report } = await admin.delete(`${path}/${item.id}`).query(query).expect(200);
      expect(report.changes.map(({ target }: { target: object }) => target)).to.deep.equal([
        { type: blocked.blockers[0].type, id: blocked.blockers[0].id },
        { type, id: item.id },
      ]);
      expect(await readAll()).to.deep.equal(before);
      await admin.get(`${path}/${item.id}`).expect(200);
    });
  }

  it("members: has the status and body of each write, and changes nothing", async () => {
    const { body: group } = await admin
      .post("/api/groups")
      .send({ displayName: `Dry ${number++}` })
      .expect(201);
    const users = await Promise.all(
      [1, 2, 3].map(async (at) => {
        const userName = `dry-${number++}-${at}`;
        return (await admin.post("/api/users").send({ userName }).expect(201)).body.id as string;
      }),
    );
    const path = `/api/groups/${group.id}/members`;
    const first = `${path}/${users[0]}`;
    await expectSameResponse({ operationId: "addGroupMembers", method: "post", path, body: { members: users } });
    await expectSameResponse({
      operationId: "putGroupMembers",
      method: "put",
      path,
      body: { members: users.slice(1) },
    });
    await expectSameResponse({ operationId: "putGroupMember", method: "put", path: first });
    await expectSameResponse({ operationId: "putGroupMember", method: "put", path: first });
    await expectSameResponse({ operationId: "removeGroupMember", method: "delete", path: first });
    const set = `/api/groups/${group.id}/member-set`;
    await expectSameResponse({ operationId: "putGroupMemberSet", method: "put", path: set, body: { members: users } });
    const unknown = users[0]?.replace(/.{10}$/, "0000000000");
    await admin
      .post(path)
      .query({ dryRun: true })
      .send({ members: [unknown] })
      .expect(400);
  });

  it("tokens: has the status and body of each write, returns no secret, and uses no idempotency key up", async () => {
    const body = { name: "Dry", scopes: ["admin:read"], expiresInDays: 7 };
    const headers = { "Idempotency-Key": "dry-run" };
    await expectSameResponse({ operationId: "createToken", method: "post", path: "/api/tokens", body, headers });
    const { body: trial } = await admin.post("/api/tokens").query({ dryRun: true }).send(body).expect(201);
    expect(trial.token).to.equal("(dry run: no secret was created)");
    const { body: page } = await admin.get("/api/tokens").query({ type: "admin", limit: 100 }).expect(200);
    const { id } = page.data.find(({ name }: { name: string }) => name === "Dry");
    const path = `/api/tokens/${id}`;
    await expectSameResponse({ operationId: "patchToken", method: "patch", path, body: { enabled: false } });
    await expectSameResponse({ operationId: "rotateToken", method: "post", path: `${path}/rotate`, body: {} });
    await expectSameResponse({ operationId: "revokeToken", method: "delete", path });
    await admin
      .post("/api/tokens")
      .query({ dryRun: true })
      .send({ ...body, scopes: [] })
      .expect(400);
  });

  it("the organization and its extension schemas: has the status and body of each write, and changes nothing", async () => {
    const { body: current } = await admin.get("/api/organization").expect(200);
    const path = "/api/organization";
    await expectSameResponse({ operationId: "patchOrganization", method: "patch", path, body: { name: "Renamed" } });
    await expectSameResponse({ operationId: "putOrganization", method: "put", path, body: current });
    const extension = `/api/scim-extensions/${urn}`;
    const body = { resourceType: "User", attributes: [{ name: "x", type: "string" }] };
    await expectSameResponse({ operationId: "putScimExtension", method: "put", path: extension, body });
    const patch = { name: "Named" };
    await expectSameResponse({ operationId: "patchScimExtension", method: "patch", path: extension, body: patch });
    await expectSameResponse({ operationId: "deleteScimExtension", method: "delete", path: extension });
  });

  it("a user's view: has the status and body of each write, and changes nothing", async () => {
    const userName = `viewer-${number++}`;
    await admin.post("/api/users").send({ userName }).expect(201);
    const headers = { "x-user-email": userName };
    const body = { slug: "mine", name: "Mine", content: "x" };
    const path = "/api/skills";
    await expectSameResponse({ operationId: "createSkill", method: "post", path, body, headers });
    await expectSameResponse({
      operationId: "patchSkill",
      method: "patch",
      path: "/api/skills/mine",
      body: { name: "M" },
      headers,
    });
    await expectSameResponse({ operationId: "deleteSkill", method: "delete", path: "/api/skills/mine", headers });
  });

  it("deletes no dependent records of a user, and calls nothing", async () => {
    const { body: user } = await admin
      .post("/api/users")
      .send({ userName: `kept-${number++}` })
      .expect(201);
    await admin.post("/api/tokens").send({ name: "Own", type: "mcp", scopes: ["connect:read"], userId: user.id });
    const before = await readAll();
    await admin.delete(`/api/users/${user.id}`).query({ dryRun: true }).expect(200);
    await admin.patch(`/api/users/${user.id}`).query({ dryRun: true }).send({ active: false }).expect(200);
    expect(await readAll()).to.deep.equal(before);
  });

  it("requires the scope of the write", async () => {
    const reader = await service.clientWithScopes(["admin:read"]);
    await reader.delete("/api/skills/any").query({ dryRun: true }).expect(403);
  });

  it("is an unknown parameter where it would not be obeyed", async () => {
    for (const path of ["/api/webhooks", "/api/tokens/lookup"])
      await admin.post(path).query({ dryRun: true }).send({}).expect(400);
    for (const path of ["/api/skills", "/api/whoami"]) await admin.get(path).query({ dryRun: true }).expect(400);
  });

  it("was tested for every operation that has it", () => {
    const missing = apiOperations.filter(
      ({ isDryRunnable, operationId }) => isDryRunnable && !covered.has(operationId),
    );
    expect(missing.map(({ operationId }) => operationId)).to.deep.equal([]);
  });
});
