import { z } from "zod";
import type { Group } from "../../../schemas/user.ts";
import type { ChangedGroup } from "../../domain/people/groups.ts";
import type { MembershipStep } from "../../domain/people/membership-steps.ts";
import { namedBy } from "../../domain/people/named.ts";
import { AppError } from "../../errors.ts";
import { type Asked, type Operation, operation } from "../operation.ts";
import { editorOf, type OverrideQuery, overrideQuery } from "./directory.ts";
import { type ListQuery, listQuery, pageAnswer, pageOf } from "./lists.ts";
import type { Rooms } from "./rooms.ts";

const memberShown = z
  .object({
    id: z.string(),
    type: z.enum(["user", "group"]),
    name: z.string().describe("the displayName; the userName of a user without one"),
  })
  .meta({ id: "Member" });

const membershipShown = z
  .object({
    id: z.string(),
    displayName: z.string(),
    direct: z.boolean().describe("whether the user is a member of the group itself, and not of a group in it"),
  })
  .meta({ id: "Membership" });

/** @param most in one request */
const memberIds = (most: number, id: string): z.ZodObject<{ members: z.ZodArray<z.ZodString> }> =>
  z.strictObject({ members: z.array(z.string().max(100)).max(most).describe("ids of users and groups") }).meta({ id });

const addedMax = 1000;
const replacedMax = 10_000;

const ofGroup = { tag: "Groups", path: "/groups/{id}/members", parameters: { id: "id or displayName of the group" } };
const ofMember = {
  ...ofGroup,
  path: "/groups/{id}/members/{memberId}",
  parameters: { ...ofGroup.parameters, memberId: "id of a user or group" },
};
const versioned = "Members change the version of their group: that is what `If-Match` compares with and `ETag` names.";

/** Who is in a group, and the groups that a user is in. */
export const memberOperations: readonly Operation[] = [
  operation<ListQuery>({
    ...ofGroup,
    operationId: "listGroupMembers",
    method: "get",
    query: z.object(listQuery),
    summary: "Lists the direct members of a group by id",
    organization: {
      scopes: ["admin:read"],
      answers: { 200: pageOf(memberShown, "MemberList") },
      handle: async (asked, rooms) => {
        const { organizationId, id } = await groupIn(asked, rooms);
        return pageAnswer(
          asked.query,
          [organizationId, "members", id],
          async ({ limit, after }) => ({
            items: await rooms.members.list(organizationId, id, { limit, ...(after && { after: after.id }) }),
          }),
          (page) => page.flatMap(({ member }) => member ?? []),
        );
      },
    },
  }),
  operation<typeof overrideQuery, ReturnType<typeof memberIds>>({
    ...ofGroup,
    operationId: "addGroupMembers",
    method: "post",
    isVersioned: true,
    query: overrideQuery,
    body: memberIds(addedMax, "MembersAdded"),
    summary: "Adds members to a group",
    description: `Who is a member already stays one. ${versioned}`,
    faults: ["managed", "precondition-failed"],
    organization: {
      scopes: ["admin:write"],
      answers: { 200: z.object({ added: z.int().min(0).describe("how many were not members before") }) },
      handle: async (asked, rooms) => {
        const { group, added } = await changed(asked, rooms, { add: asked.body.members });
        return { status: 200, version: group.version, body: { added: added.length } };
      },
    },
  }),
  operation<typeof overrideQuery, ReturnType<typeof memberIds>>({
    ...ofGroup,
    operationId: "putGroupMembers",
    method: "put",
    isVersioned: true,
    query: overrideQuery,
    body: memberIds(replacedMax, "MembersReplacement"),
    summary: "Makes these the members of a group, and nobody else",
    description: versioned,
    faults: ["managed"],
    organization: {
      scopes: ["admin:write"],
      answers: { 200: z.object({ added: z.int().min(0), removed: z.int().min(0) }) },
      handle: async (asked, rooms) => {
        const { group, added, removed } = await changed(asked, rooms, { set: asked.body.members });
        return { status: 200, version: group.version, body: { added: added.length, removed: removed.length } };
      },
    },
  }),
  operation({
    ...ofMember,
    operationId: "getGroupMember",
    method: "get",
    summary: "Whether somebody is a direct member of a group",
    organization: {
      scopes: ["admin:read"],
      answers: { 200: memberShown },
      handle: async (asked, rooms) => {
        const { organizationId, id } = await groupIn(asked, rooms);
        const member = await rooms.members.get(organizationId, id, asked.parameter("memberId"));
        if (!member) throw noMember();
        return { status: 200, body: member };
      },
    },
  }),
  operation<typeof overrideQuery>({
    ...ofMember,
    operationId: "removeGroupMember",
    method: "delete",
    isVersioned: true,
    query: overrideQuery,
    summary: "Takes a member out of a group",
    description: versioned,
    faults: ["managed"],
    organization: {
      scopes: ["admin:write"],
      answers: { 204: null },
      handle: async (asked, rooms) => {
        const { removed } = await changed(asked, rooms, { remove: [asked.parameter("memberId")] });
        if (removed.length === 0) throw noMember();
        return { status: 204 };
      },
    },
  }),
  operation<ListQuery>({
    operationId: "listUserGroups",
    method: "get",
    path: "/users/{id}/groups",
    tag: "Users",
    parameters: { id: "id or userName of the user" },
    query: z.object(listQuery),
    summary: "Lists the groups that a user is in, directly or through other groups, by id",
    organization: {
      scopes: ["admin:read"],
      answers: { 200: pageOf(membershipShown, "MembershipList") },
      handle: async ({ caller: { organizationId }, parameter, query }, { users, memberships }) => {
        const user = await users.get(organizationId, namedBy(parameter("id"), "usr"));
        if (!user) throw new AppError("not-found", "There is no such user.");
        const groups = (await memberships.groupsOf(organizationId, [user.id])).get(user.id) ?? [];
        return pageAnswer(
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
async function groupIn({ caller, parameter }: Asked<unknown>, { groups }: Rooms): Promise<Group> {
  const group = await groups.get(caller.organizationId, namedBy(parameter("id"), "grp"));
  if (group) return group;
  throw new AppError("not-found", "There is no such group.");
}

function changed(
  { caller, parameter, expected, query }: Asked<unknown, z.output<OverrideQuery>>,
  { groups }: Rooms,
  step: MembershipStep,
): Promise<ChangedGroup> {
  const which = namedBy(parameter("id"), "grp");
  return groups.update(caller, which, expected, { members: [step] }, editorOf(query));
}

const noMember = (): AppError => new AppError("not-found", "There is no such member of the group.");
