import type { Request } from "express";
import type { Query } from "../../domain/query.ts";
import { AppError } from "../../errors.ts";
import { conditionOf, localName, type StoredAttributes } from "./filter.ts";

/** Answers hold no more resources than this, whatever `count` says (RFC 7644 section 3.4.2.4). */
export const countMax = 200;
const countDefault = 100;
const parameters = [
  "filter",
  "sortBy",
  "sortOrder",
  "startIndex",
  "count",
  "attributes",
  "excludedAttributes",
] as const;
type Parameter = (typeof parameters)[number];

/** The query parameters that SCIM defines; others (vendors add their own) mean nothing here. */
export function scimParameters(req: Request): Partial<Record<Parameter, string>> {
  const given: Partial<Record<Parameter, string>> = {};
  for (const [name, value] of Object.entries(req.query)) {
    const known = parameters.find((each) => each.toLowerCase() === name.toLowerCase());
    if (known === undefined) {
      // `filter[x]=1` is a filter that would be lost without a word.
      const near = parameters.find((each) => name.toLowerCase().startsWith(`${each.toLowerCase()}[`));
      if (near) throw new AppError("invalid-value", `${near} takes one text.`, { field: near });
    } else if (typeof value !== "string" || given[known] !== undefined) {
      throw new AppError("invalid-value", `${known} is given more than once.`, { field: known });
    } else given[known] = value;
  }
  return given;
}

/** What a list asks for (RFC 7644 section 3.4.2). `startIndex` is one-based. */
export function listQuery(req: Request, stored: StoredAttributes): { query: Query; startIndex: number } {
  const { filter, sortBy, sortOrder, startIndex: start, count } = scimParameters(req);
  const startIndex = Math.max(1, integer("startIndex", start, 1));
  return {
    startIndex,
    query: {
      ...(filter !== undefined && { where: conditionOf(filter, stored) }),
      ...(sortBy !== undefined && { sort: { path: sortPath(sortBy, stored), direction: direction(sortOrder) } }),
      offset: startIndex - 1,
      limit: Math.min(countMax, Math.max(0, integer("count", count, countDefault))),
      total: true,
    },
  };
}

function integer(name: string, text: string | undefined, missing: number): number {
  if (text === undefined) return missing;
  if (/^\s*[+-]?\d{1,15}\s*$/.test(text)) return Number(text);
  throw new AppError("invalid-value", `${name} must be a whole number.`, { field: name });
}

function sortPath(sortBy: string, stored: StoredAttributes): string {
  const attribute = stored.get(localName(sortBy));
  if (attribute) return attribute.path;
  throw new AppError("invalid-path", "sortBy names an attribute by which nothing is sorted here.", { field: "sortBy" });
}

function direction(sortOrder = "ascending"): "ascending" | "descending" {
  const folded = sortOrder.toLowerCase();
  if (folded === "ascending" || folded === "descending") return folded;
  throw new AppError("invalid-value", "sortOrder must be ascending or descending.", { field: "sortOrder" });
}
