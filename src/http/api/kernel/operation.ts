import type { z } from "zod";
import type { Scope } from "../../../../schemas/token.ts";
import type { User } from "../../../../schemas/user.ts";
import type { Caller, RequestSource } from "../../../domain/caller.ts";
import type { ExpectedVersion } from "../../../domain/precondition.ts";
import type { ErrorCode } from "../../../errors.ts";
import type { Services } from "./services.ts";

/**
 * One operation of the API as a value. Routing, authorization, validation and `openapi.yaml` are all derived from it.
 */
export interface Operation<Query extends z.ZodObject = z.ZodObject, Body extends z.ZodType = z.ZodType> {
  /** Unique in the document; generated clients name their methods by it. */
  readonly operationId: string;
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Relative to the API, in OpenAPI's notation: `/mcp-servers/{id}`. */
  readonly path: string;
  /** The section of the reference page. */
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** The descriptions of the path parameters, by name. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: Query;
  /** Absent: the operation has no body. */
  readonly body?: Body;
  /** Whether a missing body is treated as an empty object. */
  readonly isBodyOptional?: boolean;
  /** Whether `Authorization: Bearer` is an external identity provider's JWT, and only `X-API-Key` the credential. */
  readonly takesSubjectToken?: boolean;
  /** Whether the response has an ETag and the request accepts If-Match and If-None-Match. */
  readonly isVersioned?: boolean;
  /** Whether the request accepts the parameter `dryRun`; see `withDryRun`. */
  readonly isDryRunnable?: boolean;
  /** Whether the request accepts `Idempotency-Key`. */
  readonly isIdempotent?: boolean;
  /** The schema of each line, if the response is JSON Lines and not JSON. */
  readonly lineSchema?: z.ZodType;
  /** The error codes of the operation in addition to those that its properties imply (`openapi/operation-errors.ts`). */
  readonly errorCodes?: readonly ErrorCode[];
  /** The organization's view: without a user. Absent: the operation requires a user. */
  readonly organization?: View<undefined, z.output<Query>, z.output<Body>>;
  /** The view of the user whom `x-user-email` or a personal token identifies. Absent: the operation has no user's view. */
  readonly user?: View<User, z.output<Query>, z.output<Body>>;
  /** The view without a credential; then there is no other view. */
  readonly anonymous?: AnonymousView<z.output<Body>>;
}

/** Defines an operation, with the types of its handlers inferred from its schemas. */
export function defineOperation<Query extends z.ZodObject = z.ZodObject, Body extends z.ZodType = z.ZodType>(
  definition: Operation<Query, Body>,
): Operation {
  return definition;
}

/** One view of an operation: its required scopes, its responses and its handler. */
export interface View<Acting = undefined, Query = unknown, Body = unknown> {
  /** The caller needs one of these. Empty: any valid credential is sufficient. */
  readonly scopes: readonly Scope[];
  /** The schema of the body for each success status; null: no body. */
  readonly responses: OperationResponses;
  handle(context: RequestContext<Acting, Query, Body>, services: Services): Promise<OperationResponse>;
}

/** The view of an operation that requires no credential. */
export interface AnonymousView<Body = unknown> {
  readonly responses: OperationResponses;
  handle(context: RequestSource & { readonly body: Body }, services: Services): Promise<OperationResponse>;
}

export type SuccessStatus = 200 | 201 | 204;
export type OperationResponses = Readonly<Partial<Record<SuccessStatus, z.ZodType | null>>>;

/** A request as a handler receives it: authenticated, parsed and validated against the schemas of the operation. */
export interface RequestContext<Acting = undefined, Query = unknown, Body = unknown> {
  readonly caller: Caller;
  /** The acting user; undefined in the organization's view. */
  readonly user: Acting;
  /** Returns a path parameter. */
  parameter(name: string): string;
  readonly query: Query;
  readonly body: Body;
  /** The external identity provider's JWT, if the operation accepts one and one was sent. */
  readonly subjectToken: string | undefined;
  /** The preconditions of If-Match and If-None-Match. */
  readonly expected: ExpectedVersion;
  /** The entity tags of If-Match, of an operation whose tags are not those of versions; absent: no precondition. */
  readonly expectedTags?: readonly string[] | "any" | undefined;
  /** Present if the operation accepts `Idempotency-Key` and the request has one. */
  readonly idempotency?: { readonly key: string; readonly credential: string } | undefined;
}

/** The response of an operation, before it is sent. */
export interface OperationResponse {
  readonly status: SuccessStatus;
  readonly body?: object;
  /** The lines of a JSON Lines response, instead of a body. */
  readonly lines?: AsyncIterable<object>;
  /** The version of the resource, for its entity tag. */
  readonly version?: number;
  /** The entity tag of a resource without a version, without quotes. */
  readonly contentTag?: string;
  /** Whether the body has fields that change without a new version, such as counters; always true in a user's view. */
  readonly hasVolatileFields?: boolean;
  /** Whether nothing was changed, because the request was a dry run. */
  readonly isDryRun?: boolean;
  /** Whether the response repeats that of an earlier request with the same idempotency key. */
  readonly isReplay?: boolean;
  /** The path of a created resource, relative to the API. */
  readonly location?: string;
}
