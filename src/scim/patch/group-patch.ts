import type { MembershipChange } from "../../../schemas/user.ts";
import { AppError } from "../../errors.ts";
import { selectMembers } from "../filter/member-selection.ts";
import { groupSchema, type ResourceSchema } from "../schema/resource-schema.ts";
import { toDeclaredValues, toStoredExtensions } from "../values/extension-values.ts";
import { parseGroupExternalId, parseGroupName, parseMemberIds } from "../values/inbound.ts";
import type { JsonObject } from "../values/json.ts";
import { parseAttributes } from "../values/validate.ts";
import type { ResolvedPatchChange } from "./complex.ts";
import { type PatchChange, type PatchOperation, toPatchChanges } from "./message.ts";
import { mapOperations } from "./operation-step.ts";
import { normalizeValue } from "./quirks.ts";
import { checkMutability, type PatchTarget, resolvePatchTarget } from "./target.ts";
import { applyChange, assertPatchSize, resolveChanges } from "./user-patch.ts";

/** The effect of a PATCH on a group: new attribute values, and membership changes that do not read the member list. */
export interface GroupPatch {
  readonly attributes: { displayName?: string; externalId?: string | null };
  readonly members: readonly MembershipChange[];
  /** Changes of the extensions of the organization. */
  readonly extensionChanges?: readonly ResolvedPatchChange[];
}

/**
 * Translates the operations of a PATCH (RFC 7644 section 3.5.2) into changes of a group.
 * @param id id of the group; an operation that sets the same id has no effect
 * @param schema the resource type with the extensions of the organization
 * @throws AppError invalid-path; invalid-filter; invalid-value; mutability; no-target; too-large
 */
export function toGroupPatch(
  id: string,
  operations: readonly PatchOperation[],
  schema: ResourceSchema = groupSchema,
): GroupPatch {
  const attributes: GroupPatch["attributes"] = {};
  const members: MembershipChange[] = [];
  const extensionChanges: ResolvedPatchChange[] = [];
  const addChange = (change: PatchChange): void => {
    const target = resolvePatchTarget(schema, change.path);
    if (target.extension) {
      extensionChanges.push(...resolveChanges(change, schema));
      return;
    }
    if (checkMutability(id, change, target)) return;
    const value = change.op === "remove" || !target.attribute ? null : normalizeValue(change.value, target.attribute);
    if (target.attribute?.name === "members") members.push(toMembershipChange(change, target));
    else if (target.attribute?.name === "externalId") attributes.externalId = parseGroupExternalId(value) ?? null;
    else if (value !== null) attributes.displayName = parseGroupName(value);
    else throw new AppError("mutability", "displayName is required and cannot be removed.", { field: "displayName" });
  };
  mapOperations(toLimitedChanges(operations), (changes) => changes.forEach(addChange));
  assertPatchSize(extensionChanges, "group");
  for (const change of extensionChanges) checkMutability(id, change, change.target);
  return { attributes, members, ...(extensionChanges.length > 0 && { extensionChanges }) };
}

/**
 * Applies changes of extensions to the stored attributes of a group.
 * @returns the attributes to store; `completeExtensions` completes them
 * @throws AppError invalid-value; no-target; mutability; too-large
 */
export function applyExtensionChanges(
  stored: JsonObject,
  changes: readonly ResolvedPatchChange[],
  schema: ResourceSchema,
): Record<string, unknown> {
  const { scimExtensions, ...attributes } = stored;
  const patched = changes.reduce(applyChange, toDeclaredValues(scimExtensions, schema) as JsonObject);
  return { ...attributes, ...toStoredExtensions(parseAttributes(patched, schema), schema) };
}

/**
 * Well above the number of attributes. Each path is parsed, and each membership change is a step of the transaction.
 */
const changesMax = 2000;

/**
 * Returns the position of the operation that contains a membership change of `toGroupPatch`, both from 1.
 * @param id id of the group
 */
export function findMembershipOperation(
  id: string,
  operations: readonly PatchOperation[],
  change: number,
  schema: ResourceSchema = groupSchema,
): number {
  const positions = operations.flatMap((each, index) => toGroupPatch(id, [each], schema).members.map(() => index + 1));
  return positions[change - 1] ?? operations.length;
}

/** Returns the changes of each operation. */
function toLimitedChanges(operations: readonly PatchOperation[]): readonly (readonly PatchChange[])[] {
  let count = 0;
  return mapOperations(operations, (operation) => {
    const changes = toPatchChanges(operation);
    count += changes.length;
    if (count > changesMax) {
      throw new AppError("too-large", `The operations make more than ${changesMax} changes to one group.`);
    }
    return changes;
  });
}

function toMembershipChange({ op, value }: PatchChange, { attribute, filter }: PatchTarget): MembershipChange {
  if (filter && attribute) {
    if (op === "remove") return selectMembers(filter, attribute);
    throw new AppError(
      "invalid-path",
      `${op} does not support a filter on members: use the path members and send each member's value.`,
    );
  }
  if (op === "add") return { add: parseMemberIds(value) };
  if (op === "replace") return { set: value === null ? [] : parseMemberIds(value) };
  return value === undefined ? { set: [] } : { remove: parseMemberIds(value) };
}
