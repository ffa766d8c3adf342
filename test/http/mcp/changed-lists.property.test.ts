import { expect } from "chai";
import fc from "fast-check";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { Agent } from "../../support/service.ts";
import { type Gateway, rpc, startGateway } from "./gateway.fixture.ts";

/** A change of one of the servers of one organization. The names are the same in both organizations. */
interface Change {
  readonly organization: number;
  readonly server: number;
  /** Who is assigned the server after the change. */
  readonly users: readonly number[];
  readonly enabled: boolean;
}

interface ChangedServer extends Change {
  readonly description: string;
}

const [organizationCount, userCount, serverCount] = [2, 2, 2];
const change: fc.Arbitrary<Change> = fc.record({
  organization: fc.nat({ max: organizationCount - 1 }),
  server: fc.nat({ max: serverCount - 1 }),
  users: fc.uniqueArray(fc.nat({ max: userCount - 1 }), { maxLength: userCount }),
  enabled: fc.boolean(),
});

describeOnEngines("Lists of /mcp after changes", (open) => {
  let gateway: Gateway;
  before(async () => {
    gateway = await startGateway({ open });
  });
  after(() => gateway.dispose());

  it("have what each user may use now, and nothing of another user or organization, in both protocols", async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 3, maxLength: 6 }), async (changes) => {
        const run = ++runs;
        const organizations = await Promise.all(
          Array.from({ length: organizationCount }, (_, at) => createOrganization(gateway, `changed-${run}-${at}`)),
        );
        const servers = new Map<string, ChangedServer>();
        for (const [at, each] of changes.entries()) {
          const { admin, users } = organizations[each.organization] as Organization;
          const changed = { ...each, description: `of-organization-${each.organization}-after-${at}` };
          servers.set(`${each.organization} ${each.server}`, changed);
          await putServer(admin, changed, users);
          for (const [organization, { secrets }] of organizations.entries())
            for (const [user, secret] of secrets.entries()) {
              const expected = [...servers.values()]
                .filter((other) => other.organization === organization && other.users.includes(user) && other.enabled)
                .toSorted((one, other) => one.server - other.server)
                .map(({ description }) => description);
              for (const body of await readLists(gateway, secret)) expect(body).to.deep.equal(expected);
            }
        }
      }),
      { numRuns: 3, endOnFailure: true },
    );
  });
});

interface Organization {
  readonly admin: Agent;
  readonly users: readonly string[];
  readonly secrets: readonly string[];
}

async function createOrganization({ service }: Gateway, slug: string): Promise<Organization> {
  const organizationId = await service.createOrganization(slug);
  const admin = await service.clientWithScopes(["all"], organizationId);
  const users: string[] = [];
  const secrets: string[] = [];
  for (let at = 0; at < userCount; at++) {
    const user = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: `user-${at}@example.com` };
    const { id: userId } = (await admin.post("/scim/v2/Users").send(user).expect(201)).body;
    const token = { scopes: ["connect:read" as const], type: "mcp" as const, userId };
    users.push(userId);
    secrets.push((await service.issueToken(token, organizationId)).secret);
  }
  return { admin, users, secrets };
}

async function putServer(admin: Agent, changed: ChangedServer, userIds: readonly string[]): Promise<void> {
  const { server, users, enabled, description } = changed;
  const { status, text } = await admin.put(`/api/mcp-servers/server-${server}`).send({
    ...{ name: "Server", status: "active", transport: "stdio", command: "run" },
    tools: [{ name: "tool", description, enabled }],
    assignment: { everyone: false, groups: [], users: users.map((at) => userIds[at]) },
  });
  if (status !== 200 && status !== 201) throw new Error(text);
}

/** Lists the tools with both protocols, each twice. @returns the descriptions of those of servers */
async function readLists(gateway: Gateway, secret: string): Promise<readonly (readonly string[])[]> {
  const replies = [
    await gateway.post(secret, rpc("tools/list")),
    await gateway.postStateless(secret, "tools/list", {}),
    ...(await Promise.all([gateway.post(secret, rpc("tools/list")), gateway.postStateless(secret, "tools/list", {})])),
  ];
  return replies.map(({ body }) =>
    (body.result.tools as readonly { readonly name: string; readonly description: string }[])
      .filter(({ name }) => name.includes("__"))
      .map(({ description }) => description),
  );
}
