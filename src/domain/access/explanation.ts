import type { AccessExplained, AccessPolicy, AccessThrough, AccessTool } from "../../../schemas/access.ts";
import type { Assignment } from "../../../schemas/assignment.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { Tenant } from "../../store/collection.ts";
import type { NamedBySlug } from "../catalogue/thing.ts";
import { type GroupPaths, namesOfGroups } from "./group-paths.ts";
import { type Decidable, isSwitchedOn, type Standing } from "./standing.ts";

/** A thing about which there is something to explain; of an MCP server, with its tools. */
export type Explicable = Decidable & Partial<Pick<McpServer, "tools">>;

/**
 * Why a user can or cannot use these things.
 * @param paths of the user
 */
export async function explanationsOf(
  tenant: Tenant<"read">,
  standing: Standing,
  paths: GroupPaths,
  kind: NamedBySlug,
  things: readonly Explicable[],
): Promise<readonly AccessExplained[]> {
  const found = things.map((thing) => explained(standing, paths, kind, thing));
  const names = await namesOfGroups(tenant, found.flatMap(throughAll).flatMap(groupsOn));
  const withNames = (through: AccessThrough): AccessThrough =>
    through.by === "group" ? { ...through, path: through.path.map(({ id }) => named(id, names)) } : through;
  return found.map((each) => ({
    ...each,
    assignments: each.assignments.map(withNames),
    policies: each.policies.map((policy) => ({ ...policy, through: withNames(policy.through) })),
  }));
}

/** Ways, and policies, that are told of one thing: enough to go on with. */
const toldMax = 20;

function explained(standing: Standing, paths: GroupPaths, kind: NamedBySlug, thing: Explicable): AccessExplained {
  const { id, slug, name, ownerId } = thing;
  if (ownerId !== undefined) return { id, slug, name, ownerId, verdict: "allowed", assignments: [], policies: [] };
  const verdict = verdictOn(standing, kind, thing);
  const policies = standing.policies
    .about(kind, slug)
    .toSorted((one, other) => Number(one.effect === "allow") - Number(other.effect === "allow"))
    .slice(0, toldMax)
    .flatMap((policy): AccessPolicy[] => {
      const [through] = throughsOf(policy.subjects, standing, paths);
      return through ? [{ id: policy.id, slug: policy.slug, name: policy.name, effect: policy.effect, through }] : [];
    });
  return {
    ...{ id, slug, name, verdict, policies },
    assignments: throughsOf(thing.assignment, standing, paths).slice(0, toldMax),
    ...(isServer(thing) && verdict !== "denied" && { tools: toolsExplained(standing, thing) }),
  };
}

function verdictOn(standing: Standing, kind: NamedBySlug, thing: Explicable): AccessExplained["verdict"] {
  if (standing.isDenied(kind, thing)) return "denied";
  return isSwitchedOn(thing) ? "allowed" : "inactive";
}

function toolsExplained(standing: Standing, server: McpServer): AccessTool[] {
  const judge = standing.toolJudge(server);
  return server.tools.map((tool) => {
    const { verdict, policy } = judge(tool);
    return { name: tool.name, verdict, ...(policy && { policy: policy.slug }) };
  });
}

const isServer = (thing: Explicable): thing is McpServer => thing.tools !== undefined;

/** All ways by which an assignment names the user, the shortest first. */
function throughsOf(to: Assignment | undefined, { userId }: Standing, paths: GroupPaths): readonly AccessThrough[] {
  if (!to) return [];
  const byGroup = to.groups
    .flatMap((id) => {
      const path = paths.to(id);
      return path ? [path] : [];
    })
    .toSorted((one, other) => one.length - other.length)
    .map((path): AccessThrough => ({ by: "group", path: path.map((id) => ({ id })) }));
  return [
    ...(to.everyone ? [{ by: "everyone" } as const] : []),
    ...(to.users.includes(userId) ? [{ by: "user" } as const] : []),
    ...byGroup,
  ];
}

function named(id: string, names: ReadonlyMap<string, string>): { id: string; displayName?: string } {
  const displayName = names.get(id);
  return displayName === undefined ? { id } : { id, displayName };
}

const throughAll = ({ assignments, policies }: AccessExplained): readonly AccessThrough[] => [
  ...assignments,
  ...policies.map(({ through }) => through),
];

const groupsOn = (through: AccessThrough): readonly string[] =>
  through.by === "group" ? through.path.map(({ id }) => id) : [];
