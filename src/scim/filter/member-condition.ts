import type { Condition } from "../../store/query.ts";
import type { Attribute } from "../schema/definitions.ts";
import { buildElementPredicate } from "./element-match.ts";
import { type AttributeFilter, listComparisons, type ScimFilter } from "./syntax.ts";
import { invalidFilter } from "./tokenizer.ts";

/**
 * Translates a filter on the members of a group. Members are edges and not part of the group's record, so the filter
 * must select a finite set of ids: each becomes `some members value eq`, which the domain looks up. The prefix of an id
 * determines the member's type, so the filter can also compare `type`.
 * @throws AppError invalid-filter for a filter that could match a member whose id it does not contain
 */
export function toMemberCondition(filter: ScimFilter, members: Attribute, position: number): Condition {
  const memberIds = new Set<string>();
  for (const comparison of listComparisons(filter)) {
    const id = readComparedId(comparison);
    if (id !== undefined) memberIds.add(id);
  }
  const matches = buildElementPredicate(filter, members);
  if ([{ type: "User" }, { type: "Group" }].some(matches)) throw memberNotFilterable(position);
  const all = [...memberIds]
    .filter((value) => matches({ value, type: memberTypeFromId(value) }))
    .map((value): Condition => ({ op: "some", path: "members", where: { op: "eq", path: "value", value } }));
  const [first] = all;
  return first && all.length === 1 ? first : { op: "or", all };
}

/**
 * Returns the id of a comparison with `value`, and undefined for one with `type`.
 * @throws AppError invalid-filter for any other comparison
 */
function readComparedId(comparison: AttributeFilter): string | undefined {
  const { op, path, position } = comparison;
  if ((op === "eq" || op === "ne") && typeof comparison.value === "string") {
    const name = path.toLowerCase();
    if (name === "value") return comparison.value;
    if (name === "type") return undefined;
  }
  throw memberNotFilterable(position);
}

function memberTypeFromId(id: string): "User" | "Group" | undefined {
  if (id.startsWith("usr_")) return "User";
  return id.startsWith("grp_") ? "Group" : undefined;
}

const memberNotFilterable = (position: number): Error =>
  invalidFilter(position, 'members can be filtered only by id, as in members[value eq "usr_..."]');
