import { z } from "zod";
import { shownEntity } from "../../../schemas/entity.ts";
import type { Group } from "../../../schemas/user.ts";
import { fold } from "../../domain/fold.ts";
import type { GroupAttributes, Groups } from "../../domain/people/groups.ts";
import type { Operation } from "../operation.ts";
import { inboundGroup } from "../scim/inbound.ts";
import { groupSchema } from "../scim/schema.ts";
import { zodOf } from "../scim/zod-schema.ts";
import { type Directory, type People, repeatedOwnership, shownOwnership } from "./directory.ts";
import { peopleOperations } from "./people.ts";

/** Members may be a million: they are a list of their own. */
const attributes = zodOf(groupSchema, "api").omit({ members: true });

const groupInput = attributes.safeExtend(repeatedOwnership).meta({ id: "GroupInput" });
const groupShown = attributes
  .safeExtend({
    ...shownEntity,
    ...shownOwnership,
    id: z.string().describe("never changes; takes the place of the displayName in every path"),
  })
  .meta({ id: "Group" });

const text = z.string().max(1024);

const groups: Directory<Group, GroupAttributes> = {
  path: "/groups",
  tag: "Groups",
  name: "Group",
  title: "group",
  prefix: "grp",
  key: "displayName",
  input: groupInput,
  shown: groupShown,
  filters: {
    displayName: {
      schema: text.optional().describe("in any letter case"),
      condition: (value) => ({ op: "eq", path: "folded.displayName", value: fold(String(value)) }),
    },
    externalId: {
      schema: text.optional(),
      condition: (value) => ({ op: "eq", path: "externalId", value }),
    },
    member: {
      schema: text.optional().describe("id of a user or group that is a direct member"),
      condition: (value) => ({ op: "some", path: "members", where: { op: "eq", path: "value", value } }),
    },
  },
  attributesFrom: (content) => inboundGroup(content).attributes,
  from: ({ groups }) => withoutMembers(groups),
};

/** Groups by their attributes alone. */
function withoutMembers(groups: Groups): People<Group, GroupAttributes> {
  return {
    get: (organizationId, which) => groups.get(organizationId, which),
    list: (organizationId, query) => groups.list(organizationId, query),
    create: (caller, attributes, editor) => groups.create(caller, attributes, [], editor),
    put: (caller, name, expected, revise, editor) => groups.put(caller, name, expected, revise, editor),
    update: async (caller, which, expected, revise, editor) =>
      (await groups.update(caller, which, expected, { revise }, editor)).group,
    remove: (caller, which, expected, editor) => groups.remove(caller, which, expected, editor),
  };
}

/** Groups as admins see and keep them; who is in them is in members.ts. */
export const groupOperations: readonly Operation[] = peopleOperations(groups);
