import type { Request } from "express";
import { AppError } from "../../errors.ts";
import { quoteName } from "../../scim/values/json.ts";

/** The parameters of a list, from a query string (RFC 7644 section 3.4.2) or a SearchRequest (section 3.4.3). */
export interface ListParameters {
  readonly filter?: string;
  readonly sortBy?: string;
  readonly sortOrder?: "ascending" | "descending";
  /** From 1. */
  readonly startIndex?: number;
  readonly count?: number;
  /** RFC 9865. Empty for the first page. */
  readonly cursor?: string;
  readonly attributes?: readonly string[];
  readonly excludedAttributes?: readonly string[];
}

const parameterNames = [
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
 * Parses the query parameters that SCIM defines, and ignores others, which vendors add.
 * @throws AppError invalid-value for a duplicate parameter or an invalid value; invalid-count
 */
export function parseQueryParameters({ query }: Pick<Request, "query">): ListParameters {
  const entries = Object.entries(query);
  if (entries.length === 0) return {};
  const values: Record<string, string> = {};
  for (const [name, value] of entries) {
    const parameterName = findParameterName(name);
    if (parameterName === undefined) {
      // Ignoring `filter[x]=1` would silently drop a filter.
      const bracketedName = parameterNames.find((each) =>
        name.trim().toLowerCase().startsWith(`${each.toLowerCase()}[`),
      );
      if (bracketedName) throw parameterError(bracketedName, "must be a single string");
    } else if (typeof value !== "string" || parameterName in values)
      throw parameterError(parameterName, "appears more than once");
    else values[parameterName] = value; // an empty value counts as a use of the name
  }
  return parseParameters(values);
}

/** Several clients send every parameter, with an empty value for one that they do not use. An empty cursor is a value. */
const isEmpty = (name: string, value: unknown): boolean =>
  name !== "cursor" && typeof value === "string" && value.trim() === "";

/**
 * Parses a SearchRequest message (RFC 7644 section 3.4.3). Rejects unknown parameters, unlike a query string, because
 * SCIM defines the whole message.
 * @throws AppError invalid-request for a body that is no SearchRequest; invalid-value; invalid-count
 */
export function parseSearchRequest(body: unknown): ListParameters {
  const message = typeof body === "object" && body !== null && !Array.isArray(body) ? body : {};
  const values: Record<string, unknown> = {};
  let schemas: unknown;
  for (const [name, value] of Object.entries(message)) {
    if (name.toLowerCase() === "schemas") schemas = value;
    else {
      const parameterName = findParameterName(name);
      if (parameterName === undefined) throw parameterError(quoteName(name), "is not a search parameter");
      if (parameterName in values) throw parameterError(parameterName, "appears more than once");
      if (value !== null) values[parameterName] = value;
    }
  }
  if (!Array.isArray(schemas) || !schemas.includes(searchRequestUrn)) {
    throw new AppError("invalid-request", `schemas must contain ${searchRequestUrn}.`, { field: "schemas" });
  }
  return parseParameters(values);
}

/** Tolerates spaces around a name: ignoring such a parameter would drop a filter. */
const findParameterName = (name: string): (typeof parameterNames)[number] | undefined =>
  nameByLowerCase.get(name.trim().toLowerCase());

const nameByLowerCase: ReadonlyMap<string, (typeof parameterNames)[number]> = new Map(
  parameterNames.map((name) => [name.toLowerCase(), name]),
);

function parseParameters(requested: Readonly<Record<string, unknown>>): ListParameters {
  const used = (name: (typeof parameterNames)[number]): unknown =>
    isEmpty(name, requested[name]) ? undefined : requested[name];
  const [filter, sortBy, sortOrder, startIndex, count, cursor, attributes, excludedAttributes] =
    parameterNames.map(used);
  return {
    ...(filter !== undefined && { filter: parseString("filter", filter) }),
    ...(sortBy !== undefined && { sortBy: parseString("sortBy", sortBy) }),
    ...(sortOrder !== undefined && { sortOrder: parseSortOrder(sortOrder) }),
    ...(startIndex !== undefined && { startIndex: parseInteger("startIndex", startIndex, "invalid-value") }),
    ...(cursor !== undefined && { cursor: parseString("cursor", cursor) }),
    ...(count !== undefined && {
      count: parseInteger("count", count, cursor === undefined ? "invalid-value" : "invalid-count"),
    }),
    ...parseAttributePaths("attributes", attributes),
    ...parseAttributePaths("excludedAttributes", excludedAttributes),
  };
}

/** Accepts a comma-separated string in a query, and a list of strings in a message. An empty list counts as absent. */
function parseAttributePaths(
  parameterName: "attributes" | "excludedAttributes",
  value: unknown,
): ListParameters | undefined {
  if (value === undefined) return undefined;
  const items = Array.isArray(value) ? value : parseString(parameterName, value).split(",");
  const paths = items.map((each: unknown) => parseString(parameterName, each).trim()).filter((each) => each !== "");
  return paths.length > 0 ? { [parameterName]: paths } : undefined;
}

function parseString(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw parameterError(name, "must be a string");
}

function parseInteger(name: string, value: unknown, code: "invalid-value" | "invalid-count"): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  if (typeof value === "string" && /^\s*[+-]?\d{1,15}\s*$/.test(value)) return Number(value);
  throw new AppError(code, `${name} must be an integer.`, { field: name });
}

function parseSortOrder(sortOrder: unknown): "ascending" | "descending" {
  const normalized = parseString("sortOrder", sortOrder).toLowerCase();
  if (normalized === "ascending" || normalized === "descending") return normalized;
  throw parameterError("sortOrder", "must be ascending or descending");
}

const parameterError = (name: string, detail: string): AppError =>
  new AppError("invalid-value", `${name} ${detail}.`, { field: name });
