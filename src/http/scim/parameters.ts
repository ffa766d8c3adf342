import type { Request } from "express";
import { AppError } from "../../errors.ts";
import { shown } from "./json.ts";

/** How a client asks for a list, in a query (RFC 7644 section 3.4.2) or a search message (section 3.4.3). */
export interface Parameters {
  readonly filter?: string;
  readonly sortBy?: string;
  readonly sortOrder?: "ascending" | "descending";
  /** One-based. */
  readonly startIndex?: number;
  readonly count?: number;
  /** Of RFC 9865; empty for the first page. */
  readonly cursor?: string;
  readonly attributes?: readonly string[];
  readonly excludedAttributes?: readonly string[];
}

const names = [
  "filter",
  "sortBy",
  "sortOrder",
  "startIndex",
  "count",
  "cursor",
  "attributes",
  "excludedAttributes",
] as const;

export const searchRequestUrn = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/**
 * The query parameters that SCIM defines; others (vendors add their own) mean nothing here.
 * @throws AppError invalid-value for one that is given twice, or with something that it cannot be
 */
export function parametersOf({ query }: Pick<Request, "query">): Parameters {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(query)) {
    const known = knownAs(name);
    if (known === undefined) {
      // `filter[x]=1` is a filter that would be lost without a word.
      const near = names.find((each) => name.trim().toLowerCase().startsWith(`${each.toLowerCase()}[`));
      if (near) throw bad(near, "takes one text");
    } else if (typeof value !== "string" || known in given) throw bad(known, "is given more than once");
    else given[known] = value;
  }
  return checked(given);
}

/**
 * A search message of RFC 7644 section 3.4.3. What identifies no parameter is refused, unlike in a query: a message
 * is SCIM's alone.
 * @throws AppError invalid-request for what is no such message; invalid-value as `parametersOf`
 */
export function searchRequest(body: unknown): Parameters {
  const message = typeof body === "object" && body !== null && !Array.isArray(body) ? body : {};
  const given: Record<string, unknown> = {};
  let schemas: unknown;
  for (const [name, value] of Object.entries(message)) {
    if (name.toLowerCase() === "schemas") schemas = value;
    else {
      const known = knownAs(name);
      if (known === undefined) throw bad(shown(name), "is not a part of a search");
      if (known in given) throw bad(known, "is given more than once");
      if (value !== null) given[known] = value;
    }
  }
  if (!Array.isArray(schemas) || !schemas.includes(searchRequestUrn)) {
    throw new AppError("invalid-request", `schemas must hold ${searchRequestUrn}.`, { field: "schemas" });
  }
  return checked(given);
}

/** Blanks around a name are a slip of the pen, and no reason to lose a filter. */
const knownAs = (name: string): (typeof names)[number] | undefined => byFoldedName.get(name.trim().toLowerCase());

const byFoldedName: ReadonlyMap<string, (typeof names)[number]> = new Map(
  names.map((name) => [name.toLowerCase(), name]),
);

function checked(given: Readonly<Record<string, unknown>>): Parameters {
  const { filter, sortBy, sortOrder, startIndex, count, cursor, attributes, excludedAttributes } = given;
  return {
    ...(filter !== undefined && { filter: text("filter", filter) }),
    ...(sortBy !== undefined && { sortBy: text("sortBy", sortBy) }),
    ...(sortOrder !== undefined && { sortOrder: direction(sortOrder) }),
    ...(startIndex !== undefined && { startIndex: integer("startIndex", startIndex, "invalid-value") }),
    ...(cursor !== undefined && { cursor: text("cursor", cursor) }),
    ...(count !== undefined && {
      count: integer("count", count, cursor === undefined ? "invalid-value" : "invalid-count"),
    }),
    ...namesIn("attributes", attributes),
    ...namesIn("excludedAttributes", excludedAttributes),
  };
}

/** A comma-separated text in a query, a list of texts in a message. Naming nothing is not asking. */
function namesIn(parameter: "attributes" | "excludedAttributes", value: unknown): Parameters | undefined {
  if (value === undefined) return undefined;
  const list = Array.isArray(value) ? value : text(parameter, value).split(",");
  const paths = list.map((each: unknown) => text(parameter, each).trim()).filter((each) => each !== "");
  return paths.length > 0 ? { [parameter]: paths } : undefined;
}

function text(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw bad(name, "must be a text");
}

function integer(name: string, value: unknown, fault: "invalid-value" | "invalid-count"): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  if (typeof value === "string" && /^\s*[+-]?\d{1,15}\s*$/.test(value)) return Number(value);
  throw new AppError(fault, `${name} must be a whole number.`, { field: name });
}

function direction(sortOrder: unknown): "ascending" | "descending" {
  const folded = text("sortOrder", sortOrder).toLowerCase();
  if (folded === "ascending" || folded === "descending") return folded;
  throw bad("sortOrder", "must be ascending or descending");
}

const bad = (name: string, why: string): AppError => new AppError("invalid-value", `${name} ${why}.`, { field: name });
