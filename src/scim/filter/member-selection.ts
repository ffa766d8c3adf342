import type { MembershipChange } from "../../../schemas/user.ts";
import type { Attribute } from "../schema/definitions.ts";
import { buildElementPredicate } from "./element-match.ts";
import { listComparisons, type ScimFilter } from "./syntax.ts";
import { invalidFilter } from "./tokenizer.ts";

/**
 * Translates the filter of `members[...]` in a remove into a membership change. `value eq "id"`, alone or joined by
 * `or`, names the members, so the member list is not read. Every other filter is evaluated for each member. Only `eq` is
 * supported, with `and` and `or`: a filter must state whom it removes, and not whom it keeps.
 * @param members the attribute `members`
 * @throws AppError invalid-filter for anything but `eq` comparisons of `value`, `type` and `display`
 */
export function selectMembers(filter: ScimFilter, members: Attribute): MembershipChange {
  const ids = readNamedIds(filter);
  if (ids) return { remove: ids };
  assertStatesMembers(filter);
  const names = [...listComparisons(filter)].map(({ path }) => path.toLowerCase());
  const matches = buildElementPredicate(filter, withDisplay(members));
  return { removeMatching: { needsDisplay: names.includes("display"), matches } };
}

const comparableNames: ReadonlySet<string> = new Set(["value", "type", "display"]);

function assertStatesMembers(filter: ScimFilter): void {
  if ("all" in filter) filter.all.forEach(assertStatesMembers);
  else if (filter.op !== "eq" || filter.value === null || !comparableNames.has(filter.path.toLowerCase())) {
    const position = "position" in filter ? filter.position : 0;
    throw invalidFilter(position, 'members can be selected only by value eq "id", type eq and display eq');
  }
}

function readNamedIds(filter: ScimFilter): readonly string[] | undefined {
  if (filter.op === "or") {
    const all = filter.all.map(readNamedIds);
    return all.includes(undefined) ? undefined : all.flatMap((ids) => ids ?? []);
  }
  return filter.op === "eq" && filter.path.toLowerCase() === "value" && typeof filter.value === "string"
    ? [filter.value]
    : undefined;
}

/** Responses leave out `display`, which would require a lookup for each of a million members. A filter can use it. */
function withDisplay(members: Attribute): Attribute {
  const { value } = Object.fromEntries(members.subAttributes);
  if (!value) return members;
  const display: Attribute = { ...value, name: "display", caseExact: false };
  return { ...members, subAttributes: new Map([...members.subAttributes, ["display", display]]) };
}
