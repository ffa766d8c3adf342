import type { Condition } from "../../domain/query.ts";
import { elementPredicate } from "./element-match.ts";
import { type AttributeFilter, comparisonsIn, type Filter } from "./filter-syntax.ts";
import { refusal } from "./filter-tokens.ts";
import type { Attribute } from "./scimmy.ts";

/**
 * What a filter says of one member of a group. Members are edges and not a part of the group's record, so it has to
 * come down to certain ids: each becomes `some members value eq`, which the domain looks up. A member's type is known
 * from its id, so `type` may be asked beside the id.
 * @throws AppError invalid-filter for anything that a member whose id is not named could meet
 */
export function memberCondition(filter: Filter, members: Attribute, position: number): Condition {
  const named = new Set<string>();
  for (const comparison of comparisonsIn(filter)) {
    const id = idNamed(comparison);
    if (id !== undefined) named.add(id);
  }
  const meets = elementPredicate(filter, members);
  if ([{ type: "User" }, { type: "Group" }].some(meets)) throw unclear(position);
  const all = [...named]
    .filter((value) => meets({ value, type: typeOf(value) }))
    .map((value): Condition => ({ op: "some", path: "members", where: { op: "eq", path: "value", value } }));
  const [only] = all;
  return only && all.length === 1 ? only : { op: "or", all };
}

/** @throws AppError invalid-filter unless it is the comparison of an id or a type with a text */
function idNamed(comparison: AttributeFilter): string | undefined {
  const { op, path, position } = comparison;
  if ((op === "eq" || op === "ne") && typeof comparison.value === "string") {
    const name = path.toLowerCase();
    if (name === "value") return comparison.value;
    if (name === "type") return undefined;
  }
  throw unclear(position);
}

function typeOf(id: string): "User" | "Group" | undefined {
  if (id.startsWith("usr_")) return "User";
  return id.startsWith("grp_") ? "Group" : undefined;
}

const unclear = (position: number): Error =>
  refusal(position, 'of members only certain ids can be asked, as members[value eq "usr_..."]');
