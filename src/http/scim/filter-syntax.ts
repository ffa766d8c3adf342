/** A filter of RFC 7644 section 3.4.2.2 as it was written: names are not looked up yet. */
export type Filter =
  | { readonly op: "and" | "or"; readonly all: readonly Filter[] }
  | { readonly op: "not"; readonly filter: Filter }
  /** `emails[type eq "work"]`: one element meets all of the inner filter. */
  | { readonly op: "valuePath"; readonly path: string; readonly filter: Filter; readonly position: number }
  | AttributeFilter;

/** What a filter asks of one attribute (attrExp of figure 1). */
export type AttributeFilter =
  | { readonly op: "pr"; readonly path: string; readonly position: number }
  | {
      readonly op: Comparator;
      readonly path: string;
      readonly value: FilterValue;
      /** Where the path begins in the text, from 0. */
      readonly position: number;
    };

export const comparators = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] as const;
export type Comparator = (typeof comparators)[number];
export type FilterValue = string | number | boolean | null;

/** All that a filter asks, one by one. */
export function* comparisonsIn(filter: Filter): Generator<AttributeFilter> {
  if ("all" in filter) for (const each of filter.all) yield* comparisonsIn(each);
  else if ("filter" in filter) yield* comparisonsIn(filter.filter);
  else yield filter;
}

/** The path of a PATCH operation (RFC 7644 section 3.5.2, figure 7): `attribute[filter].subAttribute`. */
export interface PatchPath {
  /** `[urn:]attribute[.subAttribute]`, or a schema's URN alone. */
  readonly path: string;
  /** Present when the path selects elements of a multi-valued attribute. */
  readonly filter?: Filter;
  /** What follows the closing bracket. */
  readonly subAttribute?: string;
}
