import type { Fault } from "../../errors.ts";
import { titles } from "../problem.ts";
import { scimMediaType, scimTypes } from "../scim/errors.ts";
import type { Described } from "./described.ts";
import { refusalsOf, shared } from "./refusals.ts";
import type { Part } from "./schemas.ts";

/** In which words a door refuses. */
export interface Refusals {
  readonly mediaType: string;
  /** The schema of the body, by its name in the document. */
  readonly schema: string;
  /** Begins the names of the responses that its operations share; absent: they share none. */
  readonly prefix?: string;
  /** What the caller reads of a fault, to tell it by; undefined where the status says it all. */
  readonly name: (fault: Fault) => string | undefined;
}

/** RFC 9457. */
export const problems: Refusals = {
  mediaType: "application/problem+json",
  schema: "Problem",
  prefix: "",
  name: (fault) => fault,
};

/** RFC 6749 section 5.2. */
export const oauthErrors: Refusals = { mediaType: "application/json", schema: "OAuthError", name: () => undefined };

/** RFC 7644 section 3.12. */
export const scimErrors: Refusals = {
  mediaType: scimMediaType,
  schema: "ScimError",
  prefix: "Scim",
  name: (fault) => scimTypes[fault],
};

/** The responses by which an operation can refuse, by status. */
export function refusalResponses(operation: Described, refusals: Refusals): Part {
  return Object.fromEntries(
    [...refusalsOf(operation)].map(([status, faults]) => {
      const common = shared.get(status);
      const isCommon =
        common && refusals.prefix !== undefined && faults.every((fault) => common.faults.includes(fault));
      const response = isCommon
        ? { $ref: `#/components/responses/${refusals.prefix}${common.name}` }
        : responseOf(status, faults, refusals);
      return [status, response];
    }),
  );
}

/** The responses that all operations of a door share, by name. */
export function sharedResponses(refusals: Refusals): Part {
  return Object.fromEntries(
    [...shared].map(([status, { name, faults }]) => [
      `${refusals.prefix ?? ""}${name}`,
      responseOf(status, faults, refusals),
    ]),
  );
}

function responseOf(status: number, faults: readonly Fault[], { mediaType, schema, name }: Refusals): Part {
  const names = new Set(faults.flatMap((fault) => name(fault) ?? []));
  const headers = headersOf[status];
  return {
    description: [titles[status], [...names].map((each) => `\`${each}\``).join(", ")].filter(Boolean).join(": "),
    ...(headers && {
      headers: Object.fromEntries(headers.map((header) => [header, { $ref: `#/components/headers/${header}` }])),
    }),
    content: { [mediaType]: { schema: { $ref: `#/components/schemas/${schema}` } } },
  };
}

const headersOf: Readonly<Record<number, readonly string[]>> = {
  401: ["WWW-Authenticate"],
  403: ["WWW-Authenticate"],
  429: ["Retry-After", "RateLimit-Policy", "RateLimit"],
  503: ["Retry-After"],
};
