import { expect } from "chai";
import { withConnection, withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { describeOnMongod } from "../support/mongod.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { repetitionsOf } from "../support/repetitions.ts";
import { trackSecret } from "../support/secrets.ts";
import { patchUrn, userUrn } from "../support/service.ts";

/** The changes of each kind. Together they are a thousand in a complete run. */
const [revocations, deactivations] = [repetitionsOf(300), repetitionsOf(100)];
const changesPerMember = repetitionsOf(100);
/** Changes that run at the same time. */
const changerCount = 6;
/** Requests that each replica always has in progress besides. */
const loadPerReplica = 3;

describeOnMongod("Two replicas under load", (server) => {
  let uri: string;
  let replicas: readonly [ServiceProcess, ServiceProcess];
  let secret: string;
  /** Credentials and users that the load requests all the time, so that a query for them is nearly always in progress. */
  const busySecrets: string[] = [];
  const busyUserIds: string[] = [];
  let isLoaded = false;
  let load: Promise<unknown>;
  let loadCount = 0;

  before(async () => {
    uri = withDatabase(server(), `gatehouse_revocation_${Date.now()}`);
    const [one, two] = await Promise.all([startProcess({ MONGODB_URI: uri }), startProcess({ MONGODB_URI: uri })]);
    replicas = [one, two];
    secret = one.firstSecret || two.firstSecret;
    isLoaded = true;
    load = Promise.all(
      replicas.flatMap((replica) => Array.from({ length: loadPerReplica }, () => requestAll(replica))),
    );
  });
  after(async () => {
    isLoaded = false;
    await load;
    await Promise.all(replicas.map((replica) => replica.stop("SIGTERM")));
    await withConnection(uri, (connection) => connection.dropDatabase());
  });

  async function requestAll(replica: ServiceProcess): Promise<void> {
    for (; isLoaded; loadCount++) {
      const busySecret = busySecrets[loadCount % busySecrets.length] ?? secret;
      const userId = busyUserIds[loadCount % busyUserIds.length];
      await request(replica, "GET", "/api/whoami", { secret: busySecret });
      if (userId !== undefined) await request(replica, "GET", `/scim/v2/Users/${userId}`);
    }
  }

  async function request(
    replica: ServiceProcess,
    method: string,
    path: string,
    { body, secret: credential = secret }: { readonly body?: unknown; readonly secret?: string } = {},
  ): Promise<{ readonly status: number; readonly json: Record<string, unknown> }> {
    const response = await fetch(`http://127.0.0.1:${replica.port}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${credential}`,
        ...(body !== undefined && {
          "Content-Type": path.startsWith("/scim") ? "application/scim+json" : "application/json",
        }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text === "" ? {} : JSON.parse(text) };
  }

  async function change(
    replica: ServiceProcess,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Record<string, unknown>> {
    const { status, json } = await request(replica, method, path, body === undefined ? {} : { body });
    expect(status, `${method} ${path} ${JSON.stringify(json)}`).to.be.within(200, 204);
    return json;
  }

  async function createToken(replica: ServiceProcess, fields: object): Promise<{ id: string; secret: string }> {
    const created = await change(replica, "POST", "/api/tokens", { name: "test", expiresInDays: 7, ...fields });
    const [id, tokenSecret] = [String(created["id"]), trackSecret(String(created["token"]))];
    busySecrets.push(tokenSecret);
    return { id, secret: tokenSecret };
  }

  /** Runs a number of changes, a few at a time, each started on the replicas in turn. */
  async function runChanges(count: number, run: (replica: ServiceProcess, at: number) => Promise<void>): Promise<void> {
    let next = 0;
    const changer = async (): Promise<void> => {
      for (let at = next++; at < count; at = next++) await run(replicas[at % 2] as ServiceProcess, at);
    };
    await Promise.all(Array.from({ length: changerCount }, changer));
  }

  /** Expects what every replica returns to a request that begins now, while others with the same keys are in progress. */
  const expectOnAll = (check: (replica: ServiceProcess) => Promise<void>): Promise<unknown> =>
    Promise.all([...replicas, ...replicas].map(check));

  const expectStatus = (credential: string, status: number): Promise<unknown> =>
    expectOnAll(async (replica) => {
      expect((await request(replica, "GET", "/api/whoami", { secret: credential })).status).to.equal(status);
    });

  it("reject a revoked token in every request that begins after the response to its revocation", async function () {
    this.timeout(300_000);
    await runChanges(revocations, async (replica) => {
      const token = await createToken(replica, { type: "admin", scopes: ["admin:read"] });
      await expectStatus(token.secret, 200);
      await change(replica, "DELETE", `/api/tokens/${token.id}`);
      await expectStatus(token.secret, 401);
      busySecrets.splice(busySecrets.indexOf(token.secret), 1);
    });
  });

  it("reject the personal tokens of a deactivated user in every request that begins after the response", async function () {
    this.timeout(300_000);
    await runChanges(deactivations, async (replica, at) => {
      const { id } = await change(replica, "POST", "/scim/v2/Users", { schemas: [userUrn], userName: `leaver${at}` });
      const token = await createToken(replica, { type: "agent", scopes: ["connect:read"], userId: id });
      await expectStatus(token.secret, 200);
      await change(replica, "PATCH", `/scim/v2/Users/${id}`, {
        schemas: [patchUrn],
        Operations: [{ op: "replace", path: "active", value: false }],
      });
      await expectStatus(token.secret, 401);
      busySecrets.splice(busySecrets.indexOf(token.secret), 1);
    });
  });

  it("show a change of memberships in every request that begins after the response", async function () {
    this.timeout(300_000);
    const [one] = replicas;
    const groups: string[] = [];
    for (const displayName of ["outer", "inner"])
      groups.push(String((await change(one, "POST", "/scim/v2/Groups", { displayName }))["id"]));
    const [outerId = "", innerId = ""] = groups;
    const userIds: string[] = [];
    for (let at = 0; at < changerCount; at++) {
      const user = await change(one, "POST", "/scim/v2/Users", { schemas: [userUrn], userName: `member${at}` });
      userIds.push(String(user["id"]));
    }
    busyUserIds.push(...userIds);
    const patch = (replica: ServiceProcess, groupId: string, operation: object): Promise<unknown> =>
      change(replica, "PATCH", `/scim/v2/Groups/${groupId}`, { schemas: [patchUrn], Operations: [operation] });
    await patch(one, outerId, { op: "add", path: "members", value: [{ value: innerId }] });
    await Promise.all(
      userIds.map(async (userId, at) => {
        for (let count = 0; count < changesPerMember; count++) {
          const isMember = count % 2 === 0;
          const operation = isMember
            ? { op: "add", path: "members", value: [{ value: userId }] }
            : { op: "remove", path: `members[value eq "${userId}"]` };
          await patch(replicas[(at + count) % 2] as ServiceProcess, innerId, operation);
          await expectOnAll(async (replica) => {
            const { json } = await request(replica, "GET", `/scim/v2/Users/${userId}`);
            const ids = ((json["groups"] ?? []) as { value: string }[]).map(({ value }) => value);
            expect(ids).to.have.members(isMember ? [outerId, innerId] : []);
          });
        }
      }),
    );
    expect(loadCount).to.be.greaterThan(0);
  });
});
