import type { AccessExplanation, AccessPolicy, AccessThrough, AccessTool } from "../../../schemas/access.ts";
import type { Assignment } from "../../../schemas/assignment.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { Tenant } from "../../store/store.ts";
import type { AssignableKind } from "../catalog/resource.ts";
import { type AccessControlledResource, type EffectiveAccess, isEnabled } from "./effective-access.ts";
import { type GroupPaths, readGroupNames } from "./group-paths.ts";

/** A resource whose access can be explained. An MCP server includes its tools. */
export type ExplainableResource = AccessControlledResource & Partial<Pick<McpServer, "tools">>;

/**
 * Explains why a user may or may not use these resources.
 * @param paths the membership paths of the same user
 */
export async function explainResources(
  tenant: Tenant<"read">,
  access: EffectiveAccess,
  paths: GroupPaths,
  kind: AssignableKind,
  resources: readonly ExplainableResource[],
): Promise<readonly AccessExplanation[]> {
  const explanations = resources.map((resource) => explainResource(access, paths, kind, resource));
  const names = await readGroupNames(tenant, explanations.flatMap(allThroughs).flatMap(listGroupIds));
  const withNames = (through: AccessThrough): AccessThrough =>
    through.by === "group" ? { ...through, path: through.path.map(({ id }) => toNamedGroup(id, names)) } : through;
  return explanations.map((each) => ({
    ...each,
    assignments: each.assignments.map(withNames),
    policies: each.policies.map((policy) => ({ ...policy, through: withNames(policy.through) })),
  }));
}

/** The maximum number of assignments, and of policies, in one explanation. */
const explainedMax = 20;

function explainResource(
  access: EffectiveAccess,
  paths: GroupPaths,
  kind: AssignableKind,
  resource: ExplainableResource,
): AccessExplanation {
  const { id, slug, name, ownerId } = resource;
  if (ownerId !== undefined) return { id, slug, name, ownerId, verdict: "allowed", assignments: [], policies: [] };
  const verdict = toVerdict(access, kind, resource);
  const policies = access.policies
    .forResource(kind, slug)
    .toSorted((one, other) => Number(one.effect === "allow") - Number(other.effect === "allow"))
    .slice(0, explainedMax)
    .flatMap((policy): AccessPolicy[] => {
      const [through] = listThroughs(policy.subjects, access, paths);
      return through ? [{ id: policy.id, slug: policy.slug, name: policy.name, effect: policy.effect, through }] : [];
    });
  return {
    ...{ id, slug, name, verdict, policies },
    assignments: listThroughs(resource.assignment, access, paths).slice(0, explainedMax),
    ...(isServer(resource) && verdict !== "denied" && { tools: explainTools(access, resource) }),
  };
}

function toVerdict(
  access: EffectiveAccess,
  kind: AssignableKind,
  resource: ExplainableResource,
): AccessExplanation["verdict"] {
  if (access.isDenied(kind, resource)) return "denied";
  return isEnabled(resource) ? "allowed" : "inactive";
}

function explainTools(access: EffectiveAccess, server: McpServer): AccessTool[] {
  const evaluate = access.createToolEvaluator(server);
  return server.tools.map((tool) => {
    const { verdict, policy } = evaluate(tool);
    return { name: tool.name, risk: tool.risk, verdict, ...(policy && { policy: policy.slug }) };
  });
}

const isServer = (resource: ExplainableResource): resource is McpServer => resource.tools !== undefined;

/** Lists all ways in which an assignment includes the user, the shortest path first. */
function listThroughs(
  assignment: Assignment | undefined,
  { userId }: EffectiveAccess,
  paths: GroupPaths,
): readonly AccessThrough[] {
  if (!assignment) return [];
  const byGroup = assignment.groups
    .flatMap((id) => {
      const path = paths.pathTo(id);
      return path ? [path] : [];
    })
    .toSorted((one, other) => one.length - other.length)
    .map((path): AccessThrough => ({ by: "group", path: path.map((id) => ({ id })) }));
  return [
    ...(assignment.everyone ? [{ by: "everyone" } as const] : []),
    ...(assignment.users.includes(userId) ? [{ by: "user" } as const] : []),
    ...byGroup,
  ];
}

function toNamedGroup(id: string, names: ReadonlyMap<string, string>): { id: string; displayName?: string } {
  const displayName = names.get(id);
  return displayName === undefined ? { id } : { id, displayName };
}

const allThroughs = ({ assignments, policies }: AccessExplanation): readonly AccessThrough[] => [
  ...assignments,
  ...policies.map(({ through }) => through),
];

const listGroupIds = (through: AccessThrough): readonly string[] =>
  through.by === "group" ? through.path.map(({ id }) => id) : [];
