import type { Caller } from "../../domain/caller.ts";
import type { ExpectedVersion } from "../../domain/precondition.ts";
import type { ResourceSchema } from "../../scim/schema/resource-schema.ts";
import type { Page, Query } from "../../store/query.ts";
import type { ScimContext } from "./context.ts";
import type { Projection } from "./projection.ts";

/** A string, either complete or in chunks. */
export type ResponseText = Promise<string> | AsyncIterable<string>;

export const isBuffered = (text: ResponseText): text is Promise<string> => !(Symbol.asyncIterator in text);

/** The result of an operation, before it becomes an HTTP response or a bulk operation's result. */
export interface ScimResponse {
  readonly status: 200 | 201 | 204;
  /** URL of the resource. */
  readonly location?: string;
  /** Version of the resource, for its entity tag. */
  readonly version?: number;
  /** Renders the JSON. Called only when the body is sent. */
  readonly body?: () => ResponseText;
}

/** A stored resource, as far as lists know it. */
export interface StoredResource {
  readonly id: string;
}

/** The operations of RFC 7644 section 3 on one resource type, for single requests and for bulk requests. */
export interface Endpoint {
  /** The resource type without the extensions of an organization. */
  readonly schema: ResourceSchema;
  /** Returns the resource type with the extensions of the organization. @throws AppError unavailable */
  schemaOf(organizationId: string): Promise<ResourceSchema>;
  /** Section 3.4.2. @throws AppError query-too-expensive; invalid-filter; invalid-cursor */
  list(caller: Caller, query: Query): Promise<Page<StoredResource>>;
  /** Reads the single value at a stored path; null if there is none. */
  valueAt(item: StoredResource, path: string): string | number | boolean | null;
  /** Renders the resources as JSON objects, separated by commas. */
  render(caller: Caller, items: readonly StoredResource[], projection: Projection): ResponseText;
  /**
   * Section 3.3. The schema of the projection also validates the input of this and the other writes, so it has the
   * extensions of the organization.
   * @throws AppError invalid-request; invalid-value; too-large; conflict
   */
  create(context: ScimContext, body: unknown, projection: Projection): Promise<ScimResponse>;
  /** Section 3.4.1. @throws AppError not-found */
  read(caller: Caller, id: string, projection: Projection): Promise<ScimResponse>;
  /** Section 3.5.1. @throws AppError not-found; precondition-failed; the errors of `create` */
  replace(
    context: ScimContext,
    id: string,
    body: unknown,
    expected: ExpectedVersion | undefined,
    projection: Projection,
  ): Promise<ScimResponse>;
  /** Section 3.5.2. @throws AppError invalid-path; invalid-filter; no-target; mutability; the errors of `replace` */
  patch(
    context: ScimContext,
    id: string,
    body: unknown,
    expected: ExpectedVersion | undefined,
    projection: Projection,
  ): Promise<ScimResponse>;
  /** Section 3.6. @throws AppError not-found; precondition-failed */
  remove(context: ScimContext, id: string, expected: ExpectedVersion | undefined): Promise<ScimResponse>;
}
