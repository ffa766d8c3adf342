import { z } from "zod";
import { uniqueArray } from "../../../../schemas/text.ts";
import { parseIdOrName } from "../../../domain/directory/id-or-name.ts";
import { memberSetMax, toMemberSetTag } from "../../../domain/directory/member-set.ts";
import { AppError } from "../../../errors.ts";
import { defineOperation, type Operation, type OperationResponse } from "../kernel/operation.ts";
import { idempotentPutText } from "../kernel/operation-texts.ts";
import { overrideQuery, toEditor } from "./directory.ts";

const memberSet = z
  .strictObject({
    members: uniqueArray(z.string().max(100), memberSetMax).describe(
      "The ids of the direct members, users and groups. Responses sort them.",
    ),
  })
  .meta({ id: "MemberSet" });

const route = {
  tag: "Groups",
  path: "/groups/{id}/member-set",
  parameters: { id: "The id or displayName of the group." },
  isVersioned: true,
} as const;
const tagText =
  "The `ETag` depends on the direct members only: it changes when one is added or removed, and with no other change of the group.";

/** The members of a group as one value, which is read as it is written. */
export const memberSetOperations: readonly Operation[] = [
  defineOperation({
    ...route,
    operationId: "getGroupMemberSet",
    method: "get",
    summary: "Get all members of a group as a set",
    description: `Returns the ids of all direct members. A group with more than ${memberSetMax} of them is 400: list its members page by page. ${tagText}`,
    errorCodes: ["query-too-expensive"],
    organization: {
      scopes: ["admin:read"],
      responses: { 200: memberSet },
      handle: async ({ caller, parameter }, { groups, members }) => {
        const group = await groups.get(caller.organizationId, parseIdOrName(parameter("id"), "grp"));
        if (!group) throw new AppError("not-found", "The group was not found.");
        return toResponse(await members.readSet(caller.organizationId, group.id));
      },
    },
  }),
  defineOperation<typeof overrideQuery, typeof memberSet>({
    ...route,
    operationId: "putGroupMemberSet",
    method: "put",
    query: overrideQuery,
    body: memberSet,
    summary: "Replace all members of a group",
    description: `Replaces the direct members by this set, and returns it. ${idempotentPutText} With \`If-Match\`, it replaces only the set with this \`ETag\`. ${tagText}`,
    errorCodes: ["managed"],
    organization: {
      scopes: ["admin:write"],
      responses: { 200: memberSet },
      handle: async ({ caller, parameter, query, body, expectedTags }, { groups }) => {
        const revision = { members: [{ set: body.members }], expectedMemberSets: expectedTags };
        await groups.update(caller, parseIdOrName(parameter("id"), "grp"), undefined, revision, toEditor(query));
        return toResponse(body.members.toSorted());
      },
    },
  }),
];

const toResponse = (sortedIds: readonly string[]): OperationResponse => ({
  status: 200,
  contentTag: toMemberSetTag(sortedIds),
  body: { members: sortedIds },
});
