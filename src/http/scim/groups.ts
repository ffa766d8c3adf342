import type { Group, GroupAttributes } from "../../../schemas/user.ts";
import type { GroupRevision, Groups } from "../../domain/directory/groups.ts";
import type { ExpectedVersion } from "../../domain/precondition.ts";
import { hasErrorCode, withDetails } from "../../errors.ts";
import {
  applyExtensionChanges,
  findMembershipOperation,
  type GroupPatch,
  toGroupPatch,
} from "../../scim/patch/group-patch.ts";
import type { OrganizationSchemas } from "../../scim/schema/organization-schemas.ts";
import { groupSchema, type ResourceSchema } from "../../scim/schema/resource-schema.ts";
import { completeExtensions } from "../../scim/values/extension-values.ts";
import { parseGroup } from "../../scim/values/inbound.ts";
import type { JsonObject } from "../../scim/values/json.ts";
import { readField } from "../../store/fields.ts";
import type { ScimContext } from "./context.ts";
import type { InputReader } from "./input.ts";
import type { Projection } from "./projection.ts";
import type { ResourceRenderer } from "./render.ts";
import { ResourceEndpoint } from "./resource-endpoint.ts";

/** `/Groups`. Members are streamed, and read only if the projection includes them. */
export function groupEndpoint(
  groups: Groups,
  input: InputReader,
  renderer: ResourceRenderer,
  schemas: OrganizationSchemas,
): ResourceEndpoint<Group> {
  const schemaOf = (organizationId: string): Promise<ResourceSchema> => schemas.get(organizationId, "Group");
  async function* streamGroup(group: Group, projection: Projection): AsyncGenerator<string> {
    const members = projection.includes("members") ? groups.members(group.organizationId, group.id) : undefined;
    const isRead = projection.schema !== groupSchema || !group.scimExtensions;
    const schema = isRead ? projection.schema : await schemaOf(group.organizationId);
    yield* renderer.streamGroup(group, schema, members, projection);
  }
  const update = async (
    context: ScimContext,
    id: string,
    expected: ExpectedVersion | undefined,
    revision: GroupRevision,
  ): Promise<Group> => {
    const { group, ignored } = await groups.update(context.caller, id, expected, revision, "scim");
    reportIgnoredMembers(context)(ignored);
    return group;
  };
  return new ResourceEndpoint<Group>(
    {
      schema: groupSchema,
      schemaOf,
      patchStatus: 204, // a group can have a million members, and identity providers expect 204
      list: (organizationId, query) => groups.list(organizationId, query),
      get: (organizationId, id) => groups.get(organizationId, id),
      async create(context, body, schema) {
        const { attributes, memberIds } = parseGroup(await input.readBody(context, body, schema), schema);
        const completed = completeExtensions(attributes, undefined, schema, "replace");
        return groups.create(context.caller, completed, memberIds, "scim", reportIgnoredMembers(context));
      },
      async replace(context, id, expected, body, schema) {
        const { attributes, memberIds } = parseGroup(await input.readBody(context, body, schema), schema);
        const revise = (current: JsonObject): GroupAttributes =>
          completeExtensions(attributes, current, schema, "replace");
        return update(context, id, expected, { revise, members: [{ set: memberIds }] });
      },
      async patch(context, id, expected, requested, schema) {
        const operations = await input.readOperations(context, requested, schema);
        const revision = toGroupRevision(toGroupPatch(id, operations, schema), schema);
        return update(context, id, expected, revision).catch((error: unknown) => {
          const { membershipChange } = hasErrorCode(error) ? error.details : {};
          if (membershipChange === undefined) throw error;
          throw withDetails(error, { operation: findMembershipOperation(id, operations, membershipChange, schema) });
        });
      },
      async remove(caller, id, expected) {
        await groups.remove(caller, id, expected, "scim");
      },
      valueAt: readField,
      async *renderList(organizationId, items, projection) {
        // One read for all groups.
        const needsSchema = projection.schema === groupSchema && items.some(({ scimExtensions }) => scimExtensions);
        const schema = needsSchema ? await schemaOf(organizationId) : projection.schema;
        for (const [index, group] of items.entries()) {
          if (index > 0) yield ",";
          yield* streamGroup(group, { ...projection, schema });
        }
      },
      renderCreated: streamGroup,
      render: streamGroup,
      renderUpdated: streamGroup,
    },
    renderer,
  );
}

/** The request log names the attribute; the audit event has the ids. */
const reportIgnoredMembers =
  ({ ignored }: ScimContext) =>
  (ids: readonly string[]): void => {
    if (ids.length > 0) ignored.add("members.value");
  };

function toGroupRevision(
  { attributes, members, extensionChanges = [] }: GroupPatch,
  schema: ResourceSchema,
): GroupRevision {
  if (Object.keys(attributes).length === 0 && extensionChanges.length === 0) return { members };
  return {
    members,
    revise: (current): GroupAttributes => {
      const patched = applyExtensionChanges({ ...current, ...attributes }, extensionChanges, schema);
      const { externalId, ...rest } = patched as GroupAttributes & { externalId?: unknown };
      const revised: GroupAttributes = typeof externalId === "string" ? { ...rest, externalId } : rest;
      return completeExtensions(revised, current, schema, "patch");
    },
  };
}
