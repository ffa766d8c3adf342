import type { Assignment } from "../schemas/assignment.ts";
import type { McpServer } from "../schemas/mcp-server.ts";
import type { Policy } from "../schemas/policy.ts";
import type { Toolkit } from "../schemas/toolkit.ts";
import { type Environment, readConfig } from "../src/config.ts";
import { mcpServerType, policyType, toolkitType, withLookup } from "../src/domain/catalog/resource-types.ts";
import { newEntity } from "../src/domain/entity.ts";
import { bootstrapStore } from "../src/domain/organizations.ts";
import { createDomain } from "../src/operator-domain.ts";
import { groups, mcpServers, policies, toolkits, users } from "../src/store/collections.ts";
import { normalize } from "../src/store/normalize.ts";
import { toNormalizedFields } from "../src/store/normalized-fields.ts";
import { openStore } from "../src/store/open.ts";
import type { Store, Transaction } from "../src/store/store.ts";

/** The size of an organization, and the number of groups of its user. */
export interface OrganizationSize {
  readonly name: string;
  readonly servers: number;
  readonly toolkits: number;
  readonly groups: number;
  readonly userGroupCount: number;
}

/** An organization in a store, with the ids and the secret that requests need. */
export interface SeededOrganization {
  readonly organizationId: string;
  readonly secret: string;
  readonly userId: string;
  readonly userName: string;
  /** Slug of an MCP server that a group grants. */
  readonly serverSlug: string;
}

const batchSize = 500;
const policyCount = 20;

/**
 * Fills an empty store with an organization and its catalog, through the store. Every tenth resource is assigned to
 * everyone, every other one to one group. Of every ten groups, one contains the other nine.
 * @param environment the settings that select the store
 * @throws Error if the store is not empty
 */
export async function seedOrganization(environment: Environment, size: OrganizationSize): Promise<SeededOrganization> {
  const config = readConfig(environment);
  const store = await openStore(config);
  try {
    const { tokens, organizations } = createDomain(store, config);
    const first = await bootstrapStore(store, tokens);
    const organization = await organizations.findBySlug("default");
    if (first?.secret === undefined || !organization) throw new Error("the store is not empty");
    const { id } = organization;
    const attributes = { userName: "ada@example.com", active: true };
    const user = { ...newEntity("usr", id), ...attributes, normalized: toNormalizedFields(attributes) };
    await store.transaction((tx) => tx.for(id).open(users).insert(user));
    const groupIds = await addGroups(store, id, size, user.id);
    const assignmentAt = (at: number): Assignment =>
      at % 10 === 0
        ? { everyone: true, groups: [], users: [] }
        : { everyone: false, groups: [groupIds[at % groupIds.length] ?? ""], users: [] };
    await inBatches(store, size.servers, (tx, at) =>
      tx
        .for(id)
        .open(mcpServers)
        .insert(withLookup(server(id, at, assignmentAt(at)), mcpServerType)),
    );
    await inBatches(store, size.toolkits, (tx, at) =>
      tx
        .for(id)
        .open(toolkits)
        .insert(withLookup(toolkit(id, at, size.servers, assignmentAt(at)), toolkitType)),
    );
    await inBatches(store, policyCount, (tx, at) =>
      tx
        .for(id)
        .open(policies)
        .insert(withLookup(policy(id, at, assignmentAt(at)), policyType)),
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
  description: "Describes the tool in one or two sentences, so that a model knows when to call it.",
  inputSchema: { type: "object", properties: { query: { type: "string" } } },
  risk: "write" as const,
  enabled: true,
}));

const slugAndName = (kind: string, at: number) => ({ slug: `${kind}-${at}`, name: `${kind} ${at}` });

const server = (organizationId: string, at: number, assignment: Assignment): McpServer => ({
  ...newEntity("srv", organizationId),
  ...slugAndName("server", at),
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
  ...slugAndName("toolkit", at),
  entries: [0, 1, 2].map((more) => ({ mcpServer: `server-${(at + more) % servers}`, tools: "all" as const })),
  ...{ skills: [], commands: [], leastPrivilege: false, assignment },
});

const policy = (organizationId: string, at: number, subjects: Assignment): Policy => ({
  ...newEntity("pol", organizationId),
  ...slugAndName("policy", at),
  ...{ effect: "deny" as const, enabled: true, subjects },
  resources: { mcpServers: [], tools: [`server-${at}__delete_*`], toolkits: [], skills: [], commands: [] },
});

/** Creates the groups. The last of every ten contains the others; the user is a member of the first `userGroupCount`. */
async function addGroups(
  store: Store,
  organizationId: string,
  { groups: count, userGroupCount }: OrganizationSize,
  userId: string,
) {
  const groupRecords = Array.from({ length: count }, (_, at) => {
    const displayName = `Group ${at}`;
    return { ...newEntity("grp", organizationId), displayName, normalized: { displayName: normalize(displayName) } };
  });
  await inBatches(store, count, async (tx, at) => {
    const tenant = tx.for(organizationId);
    const group = groupRecords[at];
    if (!group) return;
    await tenant.open(groups).insert(group);
    const outer = groupRecords[at - (at % 10) + 9];
    if (outer && outer !== group) await tenant.memberships.add(outer.id, [group.id]);
    if (at < userGroupCount) await tenant.memberships.add(group.id, [userId]);
  });
  return groupRecords.map(({ id }) => id);
}

async function inBatches(store: Store, count: number, write: (tx: Transaction, at: number) => Promise<unknown>) {
  for (let from = 0; from < count; from += batchSize) {
    await store.transaction(async (tx) => {
      for (let at = from; at < Math.min(from + batchSize, count); at++) await write(tx, at);
    });
  }
}
