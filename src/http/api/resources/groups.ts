import { z } from "zod";
import { entityResponseFields } from "../../../../schemas/entity.ts";
import { labelsField, labelsResponse } from "../../../../schemas/labels.ts";
import type { Group, LabeledGroupAttributes } from "../../../../schemas/user.ts";
import type { Groups } from "../../../domain/directory/groups.ts";
import { groupHasLabels } from "../../../domain/label-conditions.ts";
import { groupSchema } from "../../../scim/schema/resource-schema.ts";
import { toZodSchema } from "../../../scim/schema/zod-schema.ts";
import { parseGroup } from "../../../scim/values/inbound.ts";
import { fieldEquals, fieldStartsWith, groupFields } from "../../../store/fields.ts";
import { labelFilters, nameFilter } from "../kernel/lists.ts";
import type { Operation } from "../kernel/operation.ts";
import {
  type DirectoryDescriptor,
  type DirectoryService,
  ownershipResponseFields,
  readOnlyOwnershipFields,
} from "./directory.ts";
import { extensionsField } from "./directory-extensions.ts";
import { directoryOperations } from "./directory-operations.ts";

/** Without members, which may be a million and have operations of their own. */
const groupAttributesSchema = toZodSchema(groupSchema, "api").omit({ members: true });

const groupInput = groupAttributesSchema
  .safeExtend({ ...readOnlyOwnershipFields, ...labelsField, extensions: extensionsField })
  .meta({ id: "GroupInput" });
const groupResponse = groupAttributesSchema
  .safeExtend({
    ...entityResponseFields,
    ...ownershipResponseFields,
    ...labelsResponse,
    extensions: extensionsField,
    id: z.string().describe("Never changes. Every path accepts it instead of the displayName."),
  })
  .meta({ id: "Group" });

const textParameter = z.string().max(1024);

const groupDescriptor: DirectoryDescriptor<Group, LabeledGroupAttributes> = {
  path: "/groups",
  tag: "Groups",
  name: "Group",
  title: "group",
  idPrefix: "grp",
  keyAttribute: "displayName",
  inputSchema: groupInput,
  responseSchema: groupResponse,
  hasLabels: true,
  filters: {
    ...nameFilter("displayName", (value) => fieldStartsWith(groupFields.displayName, value)),
    ...labelFilters(groupHasLabels),
    displayName: {
      schema: textParameter.optional().describe("The displayName of the group (case-insensitive)."),
      toCondition: (value) => fieldEquals(groupFields.displayName, value),
    },
    externalId: {
      schema: textParameter.optional().describe("The identifier of the group at the identity provider."),
      toCondition: (value) => fieldEquals(groupFields.externalId, value),
    },
    member: {
      schema: textParameter.optional().describe("The id of a user or group that is a direct member."),
      toCondition: (value) => ({ op: "some", path: "members", where: { op: "eq", path: "value", value } }),
    },
  },
  parseAttributes: (content, schema) => parseGroup(content, schema).attributes,
  serviceFrom: ({ groups }) => toDirectoryService(groups),
};

/** The groups service, limited to attributes: it changes no members. */
function toDirectoryService(groups: Groups): DirectoryService<Group, LabeledGroupAttributes> {
  return {
    get: (organizationId, idOrName) => groups.get(organizationId, idOrName),
    list: (organizationId, query) => groups.list(organizationId, query),
    create: (caller, attributes, editor) => groups.create(caller, attributes, [], editor),
    put: (caller, name, expected, revise, editor) => groups.put(caller, name, expected, revise, editor),
    update: async (caller, idOrName, expected, revise, editor) =>
      (await groups.update(caller, idOrName, expected, { revise }, editor)).group,
    remove: (...args) => groups.remove(...args),
  };
}

/** The operations on groups. Those on their members are in members.ts. */
export const groupOperations: readonly Operation[] = directoryOperations(groupDescriptor);
