import fc from "fast-check";
import type { Assignment } from "../../../schemas/assignment.ts";
import { toolRisk } from "../../../schemas/mcp-server.ts";
import type { Restriction } from "../../../src/domain/caller.ts";
import type { OrganizationData } from "./access-oracle.fixture.ts";

/** Few names, so that resources refer to each other often. */
const users = ["usr_0", "usr_1", "usr_2"];
const groups = ["grp_0", "grp_1", "grp_2", "grp_3", "grp_4"];
const environments = ["production", "staging"];
const slugs = (letter: string): string[] => Array.from({ length: 4 }, (_, at) => `${letter}${at}`);
const servers = slugs("s");
const toolkits = slugs("t");
const skills = slugs("k");
const commands = slugs("c");

const some = (of: readonly string[], maxLength = 2): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.constantFrom(...of), { maxLength });
const rarely = fc.integer({ min: 0, max: 5 }).map((one) => one === 0);
const mostly = rarely.map((one) => !one);

const assignment: fc.Arbitrary<Assignment> = fc.record({ everyone: rarely, groups: some(groups), users: some(users) });

const stored = { organizationId: "", version: 1, createdAt: "", updatedAt: "" };

/** Resources of the organization or of a user. A slug occurs at most once per owner. */
function many<T>(prefix: string, slugsOfKind: readonly string[], fields: fc.Arbitrary<T>, owners: readonly string[]) {
  const owner =
    owners.length === 0 ? fc.constant(undefined) : fc.option(fc.constantFrom(...owners), { nil: undefined });
  const one = fc.record({ slug: fc.constantFrom(...slugsOfKind), owner, fields });
  return fc.uniqueArray(one, { selector: (each) => `${each.owner}/${each.slug}`, maxLength: 7 }).map((all) =>
    all.map(({ slug, owner: ownerId, fields: content }, at) => ({
      ...stored,
      ...{ id: `${prefix}_${at}`, slug, name: slug },
      ...(ownerId !== undefined && { ownerId }),
      ...content,
    })),
  );
}

const tools = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom("read", "write", "write_all", "drop"),
    risk: fc.constantFrom(...toolRisk.options),
    enabled: mostly,
  }),
  { selector: ({ name }) => name, maxLength: 3 },
);
const patterns = some([
  "*",
  "s0__*",
  "*__write*",
  "s1__read",
  "s?__dro?",
  "*_*_*",
  "S0__*",
  "none",
  "write*",
  "?ead",
  "drop",
]);

/** Organizations with cycles of groups, drafts, user-owned resources, and policies for all of them. */
export const arbitraryOrganization: fc.Arbitrary<OrganizationData> = fc.record({
  users: fc.constant(users),
  groups: fc
    .tuple(...groups.map(() => some([...users, ...groups], 3)))
    .map((members) => groups.map((id, at) => ({ id, members: members[at] ?? [] }))),
  "mcp-server": many(
    "srv",
    servers,
    fc
      .record({
        status: mostly.map((one) => (one ? ("active" as const) : ("draft" as const))),
        environment: fc.option(fc.constantFrom(...environments), { nil: undefined }),
        tools,
        assignment,
      })
      .map(({ environment, ...rest }) => ({
        ...rest,
        ...(environment !== undefined && { environment }),
        ...{ transport: "http" as const, url: "https://mcp.example", auth: { type: "none" as const } },
      })),
    [],
  ),
  toolkit: many(
    "tkt",
    toolkits,
    fc.record({
      entries: fc.uniqueArray(
        fc.record({
          mcpServer: fc.constantFrom(...servers, "gone"),
          tools: fc.oneof(fc.constant("all" as const), some(["read", "write", "gone"], 3)),
        }),
        { selector: ({ mcpServer }) => mcpServer, maxLength: 4 },
      ),
      skills: some([...skills, "gone"], 4),
      commands: some([...commands, "gone"], 4),
      leastPrivilege: fc.boolean(),
      assignment,
    }),
    users,
  ),
  skill: many("skl", skills, fc.record({ content: fc.constant(""), assignment }), users),
  command: many(
    "cmd",
    commands,
    fc.record({ template: fc.constant("x"), arguments: fc.constant([]), active: mostly, assignment }),
    users,
  ),
  policies: many(
    "pol",
    ["p0", "p1", "p2", "p3", "p4", "p5"],
    fc.record({
      effect: fc.constantFrom("allow" as const, "deny" as const),
      enabled: mostly,
      subjects: assignment,
      resources: fc.record({
        mcpServers: some([...servers, "gone"]),
        tools: fc.oneof(fc.constant<string[]>([]), patterns),
        toolkits: some(toolkits),
        skills: some(skills),
        commands: some(commands),
      }),
    }),
    [],
  ),
});

export const arbitraryRestriction: fc.Arbitrary<Restriction> = fc.record(
  {
    environment: fc.constantFrom(...environments),
    mcpServers: some([...servers, "gone"], 3),
    maxRisk: fc.constantFrom(...toolRisk.options),
  },
  { requiredKeys: [] },
);
