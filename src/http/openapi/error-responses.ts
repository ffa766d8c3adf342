import type { ErrorCode } from "../../errors.ts";
import { scimMediaType, scimTypes } from "../scim/errors.ts";
import { reasonPhrases } from "../server/problem.ts";
import type { DocumentedOperation } from "./documented-operation.ts";
import { errorCodesByStatus } from "./operation-errors.ts";
import type { OpenApiObject } from "./schemas.ts";

/** The format in which an API reports errors. */
export interface ErrorFormat {
  readonly mediaType: string;
  /** The name of the body's schema in the document. */
  readonly schema: string;
  /** Prefixes the names of the responses that all operations share. Absent: none are shared. */
  readonly prefix?: string;
  /** The name that the body has for an error code; undefined: only the status identifies the error. */
  readonly codeFor: (code: ErrorCode) => string | undefined;
}

/** RFC 9457. */
export const problemFormat: ErrorFormat = {
  mediaType: "application/problem+json",
  schema: "Problem",
  prefix: "",
  codeFor: (code) => code,
};

/** RFC 6749 section 5.2. */
export const oauthErrorFormat: ErrorFormat = {
  mediaType: "application/json",
  schema: "OAuthError",
  codeFor: () => undefined,
};

/** RFC 7644 section 3.12. */
export const scimErrorFormat: ErrorFormat = {
  mediaType: scimMediaType,
  schema: "ScimError",
  prefix: "Scim",
  codeFor: (code) => scimTypes[code],
};

/** Builds the error responses of an operation by status, as references where all operations share them. */
export function buildErrorResponses(operation: DocumentedOperation, format: ErrorFormat): OpenApiObject {
  const responses = Object.fromEntries(
    [...errorCodesByStatus(operation)].map(([status, codes]) => {
      const sharedError = sharedErrors.get(status);
      const isShared =
        sharedError && format.prefix !== undefined && codes.every((code) => sharedError.codes.includes(code));
      const response = isShared
        ? { $ref: `#/components/responses/${format.prefix}${sharedError.name}` }
        : buildErrorResponse(status, codes, format);
      return [status, response];
    }),
  );
  return { ...responses, 431: { $ref: `#/components/responses/${headersTooLarge.name}` } };
}

/** The response to headers that are too large, which is the same for all APIs: the request is rejected unread. */
export const headersTooLarge = {
  name: "RequestHeaderFieldsTooLarge",
  response: {
    description: "Request Header Fields Too Large: the headers, with the URL, exceed 16 KiB",
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  },
};

/** Builds the error responses that all operations of an API share, by name. */
export function buildSharedResponses(format: ErrorFormat): OpenApiObject {
  return Object.fromEntries(
    [...sharedErrors].map(([status, { name, codes }]) => [
      `${format.prefix ?? ""}${name}`,
      buildErrorResponse(status, codes, format),
    ]),
  );
}

/** Responses with the same error codes in every operation, by status. */
const sharedErrors: ReadonlyMap<number, { readonly name: string; readonly codes: readonly ErrorCode[] }> = new Map([
  [401, { name: "Unauthorized", codes: ["unauthenticated", "invalid-token"] }],
  [403, { name: "Forbidden", codes: ["ip-not-allowed", "insufficient-scope", "forbidden"] }],
  [404, { name: "NotFound", codes: ["not-found"] }],
  [412, { name: "PreconditionFailed", codes: ["precondition-failed"] }],
  [413, { name: "ContentTooLarge", codes: ["too-large"] }],
  [415, { name: "UnsupportedMediaType", codes: ["unsupported-media-type"] }],
  [429, { name: "TooManyRequests", codes: ["rate-limited"] }],
  [503, { name: "ServiceUnavailable", codes: ["unavailable"] }],
]);

function buildErrorResponse(
  status: number,
  codes: readonly ErrorCode[],
  { mediaType, schema, codeFor }: ErrorFormat,
): OpenApiObject {
  const names = new Set(codes.flatMap((code) => codeFor(code) ?? []));
  const headers = headersByStatus[status];
  return {
    description: [reasonPhrases[status], [...names].map((each) => `\`${each}\``).join(", ")].filter(Boolean).join(": "),
    ...(headers && {
      headers: Object.fromEntries(headers.map((header) => [header, { $ref: `#/components/headers/${header}` }])),
    }),
    content: { [mediaType]: { schema: { $ref: `#/components/schemas/${schema}` } } },
  };
}

const headersByStatus: Readonly<Record<number, readonly string[]>> = {
  401: ["WWW-Authenticate"],
  403: ["WWW-Authenticate"],
  429: ["Retry-After", "RateLimit-Policy", "RateLimit"],
  503: ["Retry-After"],
};
