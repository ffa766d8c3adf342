/** The syntax tree of a filter (RFC 7644 section 3.4.2.2). Attribute names are not resolved yet. */
export type ScimFilter =
  | { readonly op: "and" | "or"; readonly all: readonly ScimFilter[] }
  | { readonly op: "not"; readonly filter: ScimFilter }
  /** `emails[type eq "work"]`: one element matches the whole inner filter. */
  | { readonly op: "valuePath"; readonly path: string; readonly filter: ScimFilter; readonly position: number }
  | AttributeFilter;

/** A comparison of one attribute (attrExp of figure 1). */
export type AttributeFilter =
  | { readonly op: "pr"; readonly path: string; readonly position: number }
  | {
      readonly op: Comparator;
      readonly path: string;
      readonly value: FilterValue;
      /** Offset of the path in the filter, from 0. */
      readonly position: number;
    };

export const comparators = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] as const;
export type Comparator = (typeof comparators)[number];
export type FilterValue = string | number | boolean | null;

/** Yields every comparison of a filter. */
export function* listComparisons(filter: ScimFilter): Generator<AttributeFilter> {
  if ("all" in filter) for (const each of filter.all) yield* listComparisons(each);
  else if ("filter" in filter) yield* listComparisons(filter.filter);
  else yield filter;
}

/** The path of a PATCH operation (RFC 7644 section 3.5.2, figure 7): `attribute[filter].subAttribute`. */
export interface PatchPath {
  /** `[urn:]attribute[.subAttribute]`, or a schema's URN alone. */
  readonly path: string;
  /** Present when the path selects elements of a multi-valued attribute. */
  readonly filter?: ScimFilter;
  /** The sub-attribute after the closing bracket. */
  readonly subAttribute?: string;
}
