import type { Assignment } from "../schemas/assignment.ts";
import type { McpServer } from "../schemas/mcp-server.ts";
import type { Policy } from "../schemas/policy.ts";
import type { Toolkit } from "../schemas/toolkit.ts";
import { createDomain, openStore } from "../src/app.ts";
import { type Environment, readConfig } from "../src/config.ts";
import { mcpServerKind, policyKind, toolkitKind, withAsked } from "../src/domain/catalogue/kinds.ts";
import { newEntity } from "../src/domain/entity.ts";
import { fold } from "../src/domain/fold.ts";
import { firstStart } from "../src/domain/organizations.ts";
import { foldedTwin } from "../src/domain/people/twin.ts";
import type { Change, Store } from "../src/store/collection.ts";
import { groups, mcpServers, policies, toolkits, users } from "../src/store/collections.ts";

/** How large an organisation is, and the groups that its user is in. */
export interface Size {
  readonly name: string;
  readonly servers: number;
  readonly toolkits: number;
  readonly groups: number;
  readonly joined: number;
}

/** An organisation in a store, and what one has to know to ask for it. */
export interface Organization {
  readonly organizationId: string;
  readonly secret: string;
  readonly userId: string;
  readonly userName: string;
  /** Of a server that is given by a group. */
  readonly serverSlug: string;
}

const batch = 500;
const policiesCount = 20;

/**
 * Writes an organisation with a catalogue into an empty store, through the store. Every tenth thing is given to
 * everyone, each other one to one group; groups are in one another, ten to one.
 */
export async function seedOrganization(environment: Environment, size: Size): Promise<Organization> {
  const config = readConfig(environment);
  const store = await openStore(config);
  try {
    const { tokens, organizations } = createDomain(store, config);
    const first = await firstStart(store, tokens);
    const organization = await organizations.bySlug("default");
    if (!first || !organization) throw new Error("the store is not empty");
    const { id } = organization;
    const attributes = { userName: "ada@example.com", active: true };
    const user = { ...newEntity("usr", id), ...attributes, folded: foldedTwin(attributes) };
    await store.transaction((change) => change.for(id).open(users).insert(user));
    const groupIds = await addGroups(store, id, size, user.id);
    const given = (at: number): Assignment =>
      at % 10 === 0
        ? { everyone: true, groups: [], users: [] }
        : { everyone: false, groups: [groupIds[at % groupIds.length] ?? ""], users: [] };
    await inBatches(store, size.servers, (change, at) =>
      change
        .for(id)
        .open(mcpServers)
        .insert(withAsked(server(id, at, given(at)), mcpServerKind)),
    );
    await inBatches(store, size.toolkits, (change, at) =>
      change
        .for(id)
        .open(toolkits)
        .insert(withAsked(toolkit(id, at, size.servers, given(at)), toolkitKind)),
    );
    await inBatches(store, policiesCount, (change, at) =>
      change
        .for(id)
        .open(policies)
        .insert(withAsked(policy(id, at, given(at)), policyKind)),
    );
    return {
      organizationId: id,
      secret: first.secret,
      userId: user.id,
      userName: user.userName,
      serverSlug: "server-1",
    };
  } finally {
    await store.close();
  }
}

const tools = ["search", "read", "write", "delete_one", "delete_all"].map((name) => ({
  name,
  description: "What the tool does, in a sentence or two, so that a model knows when to call it.",
  inputSchema: { type: "object", properties: { query: { type: "string" } } },
  risk: "write" as const,
  enabled: true,
}));

const named = (kind: string, at: number) => ({ slug: `${kind}-${at}`, name: `${kind} ${at}` });

const server = (organizationId: string, at: number, assignment: Assignment): McpServer => ({
  ...newEntity("srv", organizationId),
  ...named("server", at),
  ...{
    status: "active" as const,
    transport: "http" as const,
    url: `https://mcp.example/${at}`,
    auth: { type: "none" as const },
  },
  ...{ tools, assignment },
});

const toolkit = (organizationId: string, at: number, servers: number, assignment: Assignment): Toolkit => ({
  ...newEntity("tkt", organizationId),
  ...named("toolkit", at),
  entries: [0, 1, 2].map((more) => ({ mcpServer: `server-${(at + more) % servers}`, tools: "all" as const })),
  ...{ skills: [], commands: [], leastPrivilege: false, assignment },
});

const policy = (organizationId: string, at: number, subjects: Assignment): Policy => ({
  ...newEntity("pol", organizationId),
  ...named("policy", at),
  ...{ effect: "deny" as const, enabled: true, subjects },
  resources: { mcpServers: [], tools: [`server-${at}__delete_*`], toolkits: [], skills: [], commands: [] },
});

/** Of ten groups each, the last one holds the others; the user is in the first of them all. */
async function addGroups(store: Store, organizationId: string, { groups: count, joined }: Size, userId: string) {
  const made = Array.from({ length: count }, (_, at) => {
    const displayName = `Group ${at}`;
    return { ...newEntity("grp", organizationId), displayName, folded: { displayName: fold(displayName) } };
  });
  await inBatches(store, count, async (change, at) => {
    const tenant = change.for(organizationId);
    const group = made[at];
    if (!group) return;
    await tenant.open(groups).insert(group);
    const outer = made[at - (at % 10) + 9];
    if (outer && outer !== group) await tenant.memberships.add(outer.id, [group.id]);
    if (at < joined) await tenant.memberships.add(group.id, [userId]);
  });
  return made.map(({ id }) => id);
}

async function inBatches(store: Store, count: number, write: (change: Change, at: number) => Promise<unknown>) {
  for (let from = 0; from < count; from += batch) {
    await store.transaction(async (change) => {
      for (let at = from; at < Math.min(from + batch, count); at++) await write(change, at);
    });
  }
}
