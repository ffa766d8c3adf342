import type { MembershipStep } from "../../domain/people/membership-steps.ts";
import { AppError } from "../../errors.ts";
import type { Filter } from "./filter-syntax.ts";
import { groupExternalId, groupName, memberIdsOf } from "./inbound.ts";
import { changesOf, type PatchChange, type PatchOperation } from "./patch-message.ts";
import { changesNothing, targetOf } from "./patch-target.ts";
import { groupSchema } from "./schema.ts";

/** What a PATCH does to a group: its attributes from now on, and steps on its members, none of which reads the others. */
export interface GroupPatch {
  readonly attributes: { displayName?: string; externalId?: string | null };
  readonly members: readonly MembershipStep[];
}

/**
 * The operations of a PATCH (RFC 7644 section 3.5.2) as changes of a group.
 * @param id of the group; saying it again changes nothing
 * @throws AppError invalid-path; invalid-filter; invalid-value; mutability; no-target; too-large
 */
export function groupPatch(id: string, operations: readonly PatchOperation[]): GroupPatch {
  const attributes: GroupPatch["attributes"] = {};
  const members: MembershipStep[] = [];
  for (const change of changesIn(operations)) {
    const target = targetOf(groupSchema, change.path);
    if (changesNothing(id, change, target)) continue;
    const value = change.op === "remove" ? null : change.value;
    if (target.attribute?.name === "members") members.push(membershipStep(change, target.filter));
    else if (target.attribute?.name === "externalId") attributes.externalId = groupExternalId(value) ?? null;
    else if (value !== null) attributes.displayName = groupName(value);
    else throw new AppError("mutability", "displayName is required.", { field: "displayName" });
  }
  return { attributes, members };
}

/** Far more than a group has attributes; each path is read, and each change of members is a step of the transaction. */
const changesMax = 2000;

function changesIn(operations: readonly PatchOperation[]): readonly PatchChange[] {
  const changes: PatchChange[] = [];
  for (const operation of operations) {
    changes.push(...changesOf(operation));
    if (changes.length > changesMax) {
      throw new AppError("too-large", `The operations say more than ${changesMax} things of one group.`);
    }
  }
  return changes;
}

function membershipStep({ op, value }: PatchChange, filter: Filter | undefined): MembershipStep {
  if (filter) {
    if (op === "remove") return { remove: selectedIds(filter) };
    throw new AppError("invalid-path", `${op} takes members without a filter, each with its value.`);
  }
  if (op === "add") return { add: memberIdsOf(value) };
  if (op === "replace") return { set: value === null ? [] : memberIdsOf(value) };
  return value === undefined ? { set: [] } : { remove: memberIdsOf(value) };
}

/** The ids in `value eq "x"`, or in several of these with `or`: what can be removed without reading the members. */
function selectedIds(filter: Filter): readonly string[] {
  if (filter.op === "or") return filter.all.flatMap(selectedIds);
  if (filter.op === "eq" && filter.path.toLowerCase() === "value" && typeof filter.value === "string") {
    return [filter.value];
  }
  throw new AppError("invalid-filter", 'Members are selected by value eq "id", or by several of these with or.');
}
