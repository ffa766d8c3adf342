import { z } from "zod";
import type { Group, MembershipChange } from "../../../../schemas/user.ts";
import type { ChangedGroup } from "../../../domain/directory/groups.ts";
import { parseIdOrName } from "../../../domain/directory/id-or-name.ts";
import { AppError, hasErrorCode } from "../../../errors.ts";
import { buildPageResponse, type ListQuerySchema, pageParameters, toPageSchema } from "../kernel/lists.ts";
import { defineOperation, type Operation, type RequestContext } from "../kernel/operation.ts";
import type { Services } from "../kernel/services.ts";
import { type OverrideQuerySchema, overrideQuery, toEditor } from "./directory.ts";

const memberResponse = z
  .object({
    id: z.string(),
    type: z.enum(["user", "group"]),
    name: z.string().describe("The displayName, or the userName of a user without one."),
  })
  .meta({ id: "Member" });

const membershipResponse = z
  .object({
    id: z.string(),
    displayName: z.string(),
    direct: z.boolean().describe("Whether the user is a direct member, and not only a member of a nested group."),
  })
  .meta({ id: "Membership" });

const addedCount = z.int().min(0).describe("The number of members that were added.");
const membersAddedResponse = z.object({ added: addedCount }).meta({ id: "MembersAddedCount" });
const membersReplacedResponse = z
  .object({ added: addedCount, removed: z.int().min(0).describe("The number of members that were removed.") })
  .meta({ id: "MembersReplacedCounts" });

/** @param maxMembers the maximum number of members in one request */
const toMemberIdsSchema = (maxMembers: number, id: string): z.ZodObject<{ members: z.ZodArray<z.ZodString> }> =>
  z
    .strictObject({ members: z.array(z.string().max(100)).max(maxMembers).describe("The ids of users and groups.") })
    .meta({ id });

const addMembersMax = 1000;
const replaceMembersMax = 10_000;

const groupRoute = {
  tag: "Groups",
  path: "/groups/{id}/members",
  parameters: { id: "The id or displayName of the group." },
};
const memberRoute = {
  ...groupRoute,
  path: "/groups/{id}/members/{memberId}",
  parameters: { ...groupRoute.parameters, memberId: "The id of a user or group." },
};
const versionText = "Changes to members change the version of the group. `If-Match` and `ETag` refer to that version.";

/** The operations on the members of a group, and on the groups of a user. */
export const memberOperations: readonly Operation[] = [
  defineOperation<ListQuerySchema>({
    ...groupRoute,
    operationId: "listGroupMembers",
    method: "get",
    query: z.object(pageParameters),
    summary: "List group members",
    description: "Returns the direct members of a group, sorted by id.",
    organization: {
      scopes: ["admin:read"],
      responses: { 200: toPageSchema(memberResponse, "MemberList") },
      handle: async (context, services) => {
        const { organizationId, id } = await requireGroup(context, services);
        return buildPageResponse(
          context.query,
          [organizationId, "members", id],
          async ({ limit, after }) => ({
            items: await services.members.list(organizationId, id, { limit, ...(after && { after: after.id }) }),
          }),
          (page) => page.flatMap(({ member }) => member ?? []),
        );
      },
    },
  }),
  defineOperation<typeof overrideQuery, ReturnType<typeof toMemberIdsSchema>>({
    ...groupRoute,
    operationId: "addGroupMembers",
    method: "post",
    isVersioned: true,
    query: overrideQuery,
    body: toMemberIdsSchema(addMembersMax, "MembersAdded"),
    summary: "Add group members",
    description: `Existing members remain. ${versionText}`,
    errorCodes: ["managed", "precondition-failed"],
    organization: {
      scopes: ["admin:write"],
      responses: { 200: membersAddedResponse },
      handle: async (context, services) => {
        const { group, added } = await updateMembers(context, services, { add: context.body.members });
        return { status: 200, version: group.version, body: { added: added.length } };
      },
    },
  }),
  defineOperation<typeof overrideQuery, ReturnType<typeof toMemberIdsSchema>>({
    ...groupRoute,
    operationId: "putGroupMembers",
    method: "put",
    isVersioned: true,
    query: overrideQuery,
    body: toMemberIdsSchema(replaceMembersMax, "MembersReplacement"),
    summary: "Replace group members",
    description: `Replaces all members of a group with these. ${versionText}`,
    errorCodes: ["managed"],
    organization: {
      scopes: ["admin:write"],
      responses: { 200: membersReplacedResponse },
      handle: async (context, services) => {
        const { group, added, removed } = await updateMembers(context, services, { set: context.body.members });
        return { status: 200, version: group.version, body: { added: added.length, removed: removed.length } };
      },
    },
  }),
  defineOperation({
    ...memberRoute,
    operationId: "getGroupMember",
    method: "get",
    summary: "Get a group member",
    description: "Returns 404 if the user or group is not a direct member.",
    organization: {
      scopes: ["admin:read"],
      responses: { 200: memberResponse },
      handle: async (context, services) => {
        const { organizationId, id } = await requireGroup(context, services);
        const member = await services.members.get(organizationId, id, context.parameter("memberId"));
        if (!member) throw memberNotFound();
        return { status: 200, body: member };
      },
    },
  }),
  defineOperation<typeof overrideQuery>({
    ...memberRoute,
    operationId: "putGroupMember",
    method: "put",
    isVersioned: true,
    query: overrideQuery,
    summary: "Add a group member",
    description: `Adds one user or group, or changes nothing if it is a direct member already. ${versionText}`,
    errorCodes: ["managed", "invalid-value"],
    organization: {
      scopes: ["admin:write"],
      responses: { 200: memberResponse, 201: memberResponse },
      handle: async (context, services) => {
        const memberId = context.parameter("memberId");
        const { group, added } = await updateMembers(context, services, { add: [memberId] }).catch(rejectMemberInPath);
        const member = await services.members.describe(group.organizationId, memberId);
        if (!member) throw memberNotFound(); // another request has deleted it
        const response = { status: 200, version: group.version, body: member } as const;
        const location = `/groups/${group.id}/members/${memberId}`;
        return added.length > 0 ? { ...response, status: 201, location } : response;
      },
    },
  }),
  defineOperation<typeof overrideQuery>({
    ...memberRoute,
    operationId: "removeGroupMember",
    method: "delete",
    isVersioned: true,
    query: overrideQuery,
    summary: "Remove a group member",
    description: versionText,
    errorCodes: ["managed"],
    organization: {
      scopes: ["admin:write"],
      responses: { 204: null },
      handle: async (context, services) => {
        const { removed } = await updateMembers(context, services, { remove: [context.parameter("memberId")] });
        if (removed.length === 0) throw memberNotFound();
        return { status: 204 };
      },
    },
  }),
  defineOperation<ListQuerySchema>({
    operationId: "listUserGroups",
    method: "get",
    path: "/users/{id}/groups",
    tag: "Users",
    parameters: { id: "The id or userName of the user." },
    query: z.object(pageParameters),
    summary: "List a user's groups",
    description: "Returns the groups that a user is a member of, directly or through nested groups, sorted by id.",
    organization: {
      scopes: ["admin:read"],
      responses: { 200: toPageSchema(membershipResponse, "MembershipList") },
      handle: async ({ caller: { organizationId }, parameter, query }, { users, memberships }) => {
        const user = await users.get(organizationId, parseIdOrName(parameter("id"), "usr"));
        if (!user) throw new AppError("not-found", "The user was not found.");
        const groups = (await memberships.groupsOf(organizationId, [user.id])).get(user.id) ?? [];
        return buildPageResponse(
          query,
          [organizationId, "groups", user.id],
          async ({ limit, after }) => ({ items: groups.filter(({ id }) => !after || id > after.id).slice(0, limit) }),
          (page) => page.map(({ id, displayName, isDirect }) => ({ id, displayName, direct: isDirect })),
        );
      },
    },
  }),
];

/** @throws AppError not-found */
async function requireGroup({ caller, parameter }: RequestContext<unknown>, { groups }: Services): Promise<Group> {
  const group = await groups.get(caller.organizationId, parseIdOrName(parameter("id"), "grp"));
  if (group) return group;
  throw new AppError("not-found", "The group was not found.");
}

function updateMembers(
  { caller, parameter, expected, query }: RequestContext<unknown, z.output<OverrideQuerySchema>>,
  { groups }: Services,
  change: MembershipChange,
): Promise<ChangedGroup> {
  const idOrName = parseIdOrName(parameter("id"), "grp");
  return groups.update(caller, idOrName, expected, { members: [change] }, toEditor(query));
}

/** A member in the path is not a field of the body, so an error must not point at one. */
function rejectMemberInPath(error: unknown): never {
  throw hasErrorCode(error, "invalid-value") ? new AppError(error.code, error.message) : error;
}

const memberNotFound = (): AppError =>
  new AppError("not-found", "The user or group is not a direct member of this group.");
