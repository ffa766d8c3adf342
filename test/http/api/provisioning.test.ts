import { expect } from "chai";
import { ProvisioningMonitor } from "../../../src/domain/audit/provisioning-monitor.ts";
import { provisioningStatuses } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { trackSecret } from "../../support/secrets.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";

interface Connection {
  readonly token: { readonly id: string; readonly name: string; readonly type: string; readonly status: string };
  readonly lastRequestAt: string | null;
  readonly lastSuccessAt: string | null;
  readonly lastFailure: Readonly<Record<string, unknown>> | null;
  readonly lastDay: object;
}

describeOnEngines("GET /api/provisioning", (open) => {
  let service: Service;
  let reader: Agent;
  beforeEach(async () => {
    service = await startService({ open });
    reader = await service.clientWithScopes(["admin:read"]);
  });
  afterEach(() => service.dispose());

  const list = async (query: object = {}): Promise<readonly Connection[]> =>
    (await reader.get("/api/provisioning").query(query).expect(200)).body.data;

  /** Waits until requests are counted. They are written every few seconds. */
  const waitForRequests = async (requests: number): Promise<readonly Connection[]> => {
    for (;;) {
      const connections = await list();
      const counted = connections.reduce((sum, { lastDay }) => sum + (lastDay as { requests: number }).requests, 0);
      if (counted >= requests) return connections;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  it("shows the last request, success and failure with its reason, and the counts of the last day", async () => {
    const { id, secret } = await service.issueToken({ name: "Okta", type: "scim", scopes: ["admin:scim"] });
    const okta = service.clientWithSecret(secret);
    const user = { schemas: [userUrn], userName: "ada@example.com" };
    await okta.post("/scim/v2/Users").send(user).expect(201);
    await okta.get("/scim/v2/Users/usr_1").expect(404);
    await okta.post("/scim/v2/Users").set("X-Request-Id", "duplicate").send(user).expect(409);
    const [connection] = await waitForRequests(3);
    expect(connection?.token).to.deep.equal({ id, name: "Okta", type: "scim", status: "active" });
    expect(connection?.lastDay).to.deep.equal({ requests: 3, failures: 1, byStatus: { "2xx": 1, "4xx": 2 } });
    expect(connection?.lastFailure).to.include({ requestId: "duplicate", method: "POST", status: 409 });
    expect(connection?.lastFailure?.["detail"]).to.contain("userName");
    expect(connection?.lastRequestAt).to.equal(connection?.lastFailure?.["at"]);
    expect(String(connection?.lastSuccessAt) <= String(connection?.lastRequestAt)).to.equal(true);
  });

  it("lists a SCIM token without requests, and any other token that was used at /scim/v2", async () => {
    const unused = await service.issueToken({ name: "unused", type: "scim", scopes: ["admin:scim"] });
    const admin = await service.issueToken({ name: "admin", scopes: ["all"] });
    await service.issueToken({ name: "elsewhere", scopes: ["all"] });
    await service.clientWithSecret(admin.secret).get("/scim/v2/Users").expect(200);
    const connections = await waitForRequests(1);
    expect(connections.map(({ token }) => token.id)).to.deep.equal([unused.id, admin.id]);
    expect(connections[0]).to.deep.include({ lastRequestAt: null, lastSuccessAt: null, lastFailure: null });
    expect(connections[0]?.lastDay).to.deep.equal({ requests: 0, failures: 0, byStatus: {} });
    const first = (await reader.get("/api/provisioning").query({ limit: 1 }).expect(200)).body;
    expect(first.pagination.hasMore).to.equal(true);
    const second = await list({ limit: 1, cursor: first.pagination.nextCursor });
    expect([...first.data, ...second]).to.deep.equal(connections);
  });

  it("shows why the credential of a connection is rejected, and OAuth requests at the token of the client", async () => {
    const entra = await service.issueToken({ name: "Entra", type: "scim", scopes: ["admin:scim"] });
    const form = { grant_type: "client_credentials", client_id: entra.id, client_secret: entra.secret };
    const requestToken = () => service.clientWithSecret().post("/oauth/token").type("form").send(form);
    const { body } = await requestToken().expect(200);
    await service.clientWithSecret(trackSecret(body.access_token)).get("/scim/v2/Users").expect(200);
    await service.domain.tokens.revoke(service.organizationId, { actor: { type: "operator" } }, entra.id);
    await service.clientWithSecret(entra.secret).get("/scim/v2/Users").expect(401);
    await requestToken().expect(401);
    const [connection, ...more] = await waitForRequests(3);
    expect(more).to.deep.equal([]);
    expect(connection?.token).to.include({ id: entra.id, status: "revoked" });
    expect(connection?.lastFailure).to.include({ path: "/oauth/token", status: 401, cause: "revoked" });
    expect(connection?.lastDay).to.deep.equal({ requests: 3, failures: 2, byStatus: { "2xx": 1, "4xx": 2 } });
  });

  it("requires admin:read, and shows no other organization's connections", async () => {
    const theirs = await service.createOrganization("theirs");
    await service.issueToken({ name: "theirs", type: "scim", scopes: ["admin:scim"] }, theirs);
    expect(await list()).to.deep.equal([]);
    for (const scope of ["admin:scim", "admin:tokens", "connect:read"] as const) {
      await (await service.clientWithScopes([scope])).get("/api/provisioning").expect(403);
    }
  });

  it("adds the counts of two replicas, by hour, and forgets hours of more than a day ago", async () => {
    let now = Date.parse("2026-11-29T12:30:00Z");
    const replicas = [0, 1].map(() => new ProvisioningMonitor(service.store, () => now));
    const { id } = await service.issueToken({ type: "scim", scopes: ["admin:scim"] });
    const request = { method: "GET", path: "/scim/v2/Users", ip: "192.0.2.1", durationMs: 1 };
    const owner = { organizationId: service.organizationId, actor: { type: "token", id } } as const;
    const record = (replica: number, requestId: string, status: number) =>
      replicas[replica]?.record({ ...request, ...owner, requestId, status, ...(status >= 400 && { rejected: true }) });
    const flushAll = () => Promise.all(replicas.map((each) => each.flush()));
    const readStatus = async () =>
      (await service.store.for(service.organizationId).open(provisioningStatuses).list({ limit: 2 })).items;
    for (let at = 0; at < 5; at++) record(0, `a${at}`, 200);
    record(1, "b", 500);
    await flushAll();
    now += 60_000;
    record(1, "c", 200);
    await flushAll();
    const [status, ...more] = await readStatus();
    expect(more).to.deep.equal([]);
    expect(status?.hours).to.deep.equal([
      { hour: "2026-11-29T12", requests: 7, failures: 1, byStatus: { "2xx": 6, "5xx": 1 } },
    ]);
    expect(status?.lastFailure).to.include({ requestId: "b", at: "2026-11-29T12:30:00.000Z" });
    expect(status?.lastSuccessAt).to.equal("2026-11-29T12:31:00.000Z");
    for (let hour = 0; hour < 30; hour++) {
      now += 3_600_000;
      record(hour % 2, `h${hour}`, 200);
      await flushAll();
    }
    const [later] = await readStatus();
    expect(later?.hours).to.have.length(25);
    expect(later?.hours.at(-1)?.hour).to.equal("2026-11-30T18");
  });
});
