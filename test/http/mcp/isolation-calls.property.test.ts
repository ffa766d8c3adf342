import { expect } from "chai";
import fc from "fast-check";
import { sendResult, startUpstream, type TestUpstream } from "../../domain/upstream/upstream.fixture.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { userUrn } from "../../support/service.ts";
import { type Gateway, rpc, startGateway } from "./gateway.fixture.ts";

const [organizationCount, userCount, serverCount] = [2, 3, 2];
const tools = ["look", "change"] as const;

/** Who may use a server, how, and whose credentials exist. Groups: 0 contains user 0, 1 contains user 1 and group 0. */
interface ServerPlan {
  readonly users: readonly number[];
  readonly groups: readonly number[];
  /** A policy that denies the second tool to this group. */
  readonly deniedGroup: number | undefined;
  readonly hasOrganizationCredential: boolean;
  readonly usersWithCredential: readonly number[];
  readonly isProduction: boolean;
}

const some = (max: number): fc.Arbitrary<number[]> => fc.uniqueArray(fc.nat({ max: max - 1 }), { maxLength: max });
const serverPlan: fc.Arbitrary<ServerPlan> = fc.record({
  users: some(userCount),
  groups: some(2),
  deniedGroup: fc.option(fc.nat({ max: 1 }), { nil: undefined }),
  hasOrganizationCredential: fc.boolean(),
  usersWithCredential: some(userCount),
  isProduction: fc.boolean(),
});
const exactly = <T>(element: fc.Arbitrary<T>, length: number): fc.Arbitrary<T[]> =>
  fc.array(element, { minLength: length, maxLength: length });
const plans = exactly(exactly(serverPlan, serverCount), organizationCount);

/** The tokens of each user, and what they are restricted to. */
const tokenKinds = {
  plain: {},
  production: { environment: "production" },
  oneServer: { mcpServers: ["server-0"] },
  careful: { maxRisk: "read" },
} as const;
type TokenKind = keyof typeof tokenKinds;

const groupsOf = (user: number): readonly number[] => (user === 0 ? [0, 1] : user === 1 ? [1] : []);

/** The tools that a token may call, decided independently of the service. */
function isAllowed(plan: ServerPlan, at: number, user: number, tool: string, kind: TokenKind): boolean {
  const groups = groupsOf(user);
  return (
    (plan.users.includes(user) || plan.groups.some((group) => groups.includes(group))) &&
    !(tool === "change" && plan.deniedGroup !== undefined && groups.includes(plan.deniedGroup)) &&
    !(kind === "production" && !plan.isProduction) &&
    !(kind === "oneServer" && at !== 0) &&
    !(kind === "careful" && tool === "change")
  );
}

describeOnEngines("Isolation of calls, credentials and sessions at /mcp", (open) => {
  let gateway: Gateway;
  let upstream: TestUpstream;
  before(async () => {
    upstream = await startRevealingServer();
    gateway = await startGateway({ open, environment: { CREDENTIAL_KEY: Buffer.alloc(32, 7).toString("base64") } });
  });
  after(async () => {
    await gateway.dispose();
    await upstream.close();
  });

  it("holds for users, groups, policies, restricted tokens and credentials of random organizations", async () => {
    /** The session of the server -> whose it is. */
    const owners = new Map<string, string>();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(plans, async (organizations) => {
        run++;
        const created = await Promise.all(
          organizations.map((servers, at) => createOrganization(gateway, upstream.url, `calls-${run}-${at}`, servers)),
        );
        const checks = organizations.flatMap((servers, at) =>
          Array.from({ length: userCount }, (_, user) =>
            Object.keys(tokenKinds).map((kind) => ({ servers, at, user, kind: kind as TokenKind })),
          ).flat(),
        );
        for (const { servers, at, user, kind } of checks) {
          const secret = created[at]?.secrets[user]?.[kind] ?? "";
          for (const [serverAt, plan] of servers.entries())
            for (const tool of tools) {
              const label = `calls-${run}-${at} server-${serverAt}`;
              const credential = plan.usersWithCredential.includes(user)
                ? `${label} user-${user}`
                : plan.hasOrganizationCredential
                  ? label
                  : undefined;
              const isExpected = isAllowed(plan, serverAt, user, tool, kind);
              for (const isDirect of [true, false]) {
                const name = `server-${serverAt}__${tool}`;
                const params = isDirect ? { name } : { name: "call_tool", arguments: { name } };
                const { body } = await gateway.post(secret, rpc("tools/call", params));
                const text = body.result?.content[0].text ?? body.error.message;
                if (!isExpected) expect(text).to.match(/^Unknown tool/);
                else if (credential === undefined) expect(text).to.match(/^You are not connected/);
                else {
                  const [received, session] = text.split(" in ");
                  expect(received).to.equal(credential);
                  const owner = `${label} user-${user}`;
                  expect(owners.get(session) ?? owner).to.equal(owner);
                  owners.set(session, owner);
                }
              }
            }
        }
      }),
      { numRuns: 3, endOnFailure: true },
    );
    expect(owners.size).to.be.greaterThan(0);
  });
});

async function createOrganization(
  { service }: Gateway,
  url: string,
  slug: string,
  servers: readonly ServerPlan[],
): Promise<{ readonly secrets: readonly Readonly<Record<TokenKind, string>>[] }> {
  const organizationId = await service.createOrganization(slug);
  const admin = await service.clientWithScopes(["all"], organizationId);
  const users: string[] = [];
  for (let at = 0; at < userCount; at++) {
    const user = { schemas: [userUrn], userName: `user-${at}@example.com` };
    users.push((await admin.post("/scim/v2/Users").send(user).expect(201)).body.id);
  }
  const groups: string[] = [];
  for (const members of [[{ value: users[0] }], [{ value: users[1] }]]) {
    // The second group also has the first one.
    const all = groups[0] === undefined ? members : [...members, { value: groups[0], type: "Group" }];
    const group = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName: `group-${groups.length}` };
    groups.push(
      (
        await admin
          .post("/scim/v2/Groups")
          .send({ ...group, members: all })
          .expect(201)
      ).body.id,
    );
  }
  for (const [at, plan] of servers.entries()) {
    const pick = (ids: readonly string[], indexes: readonly number[]) => indexes.map((index) => ids[index]);
    await admin
      .put(`/api/mcp-servers/server-${at}`)
      .send({
        ...{ name: `server-${at}`, status: "active", transport: "http", url, auth: { type: "apiKey" } },
        environment: plan.isProduction ? "production" : "staging",
        tools: tools.map((name) => ({ name, risk: name === "look" ? "read" : "write" })),
        assignment: { everyone: false, groups: pick(groups, plan.groups), users: pick(users, plan.users) },
      })
      .expect(201);
    if (plan.deniedGroup !== undefined)
      await admin
        .put(`/api/policies/deny-${at}`)
        .send({
          ...{ name: "Deny", effect: "deny" },
          subjects: { everyone: false, groups: pick(groups, [plan.deniedGroup]), users: [] },
          resources: { mcpServers: [`server-${at}`], tools: ["change"], toolkits: [], skills: [], commands: [] },
        })
        .expect(201);
    if (plan.hasOrganizationCredential)
      await admin
        .put(`/api/mcp-servers/server-${at}/credential`)
        .send({ value: `${slug} server-${at}` })
        .expect(200);
  }
  const secrets = [];
  for (const [user, userId] of users.entries()) {
    const issue = async (restriction: object): Promise<string> =>
      (await service.issueToken({ scopes: ["connect:write"], type: "agent", userId, ...restriction }, organizationId))
        .secret;
    const ofUser = { plain: "", production: "", oneServer: "", careful: "" };
    for (const kind of Object.keys(tokenKinds) as TokenKind[]) ofUser[kind] = await issue(tokenKinds[kind]);
    for (const [at, plan] of servers.entries())
      if (plan.usersWithCredential.includes(user))
        // A user who may not use the server cannot store one, and then has none.
        await service
          .clientWithSecret(ofUser.plain)
          .put(`/api/connections/server-${at}/credential`)
          .send({ value: `${slug} server-${at} user-${user}` });
    secrets.push(ofUser);
  }
  return { secrets };
}

/** A server of the `initialize` era, whose tools reveal the credential and the session of the call. */
function startRevealingServer(): Promise<TestUpstream> {
  const sessions = new Map<string, string>();
  return startUpstream((message, res) => {
    const { method, headers } = message;
    const credential = String(headers.authorization);
    if (method === "initialize") {
      const session = `session-${sessions.size}`;
      sessions.set(session, credential);
      const result = { protocolVersion: "2025-11-25", capabilities: {} };
      sendResult(res, message, result, { "mcp-session-id": session });
    } else if (method !== "tools/call") res.writeHead(method === "server/discover" ? 404 : 202).end();
    else {
      const session = String(headers["mcp-session-id"]);
      const text =
        sessions.get(session) === credential ? `${credential} in ${session}` : "a session of another credential";
      sendResult(res, message, { content: [{ type: "text", text }] });
    }
  });
}
