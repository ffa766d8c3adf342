import { normalize } from "../../store/normalize.ts";
import type { Condition } from "../../store/query.ts";

/**
 * Returns the condition of catalog resources whose name begins with a string (case-insensitive). A record that has not
 * changed since a release without normalized names is compared as it is: the record of no name would be lost otherwise.
 */
export function nameStartsWith(value: string): Condition {
  return {
    op: "or",
    all: [
      { op: "startsWith", path: "lookup.name", value: normalize(value) },
      {
        op: "and",
        all: [
          { op: "not", condition: { op: "present", path: "lookup.name" } },
          { op: "startsWith", path: "name", value },
        ],
      },
    ],
  };
}
