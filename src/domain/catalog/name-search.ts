import type { Condition } from "../../store/query.ts";

/** Returns a condition for resources whose name contains a text as it is, or whose slug contains it in lower case. */
export const nameOrSlugContains = (text: string): Condition => ({
  op: "or",
  all: [
    { op: "contains", path: "slug", value: text.toLowerCase() },
    { op: "contains", path: "name", value: text },
  ],
});
