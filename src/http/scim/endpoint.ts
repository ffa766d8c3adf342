import type { Caller } from "../../domain/caller.ts";
import type { ExpectedVersion } from "../../domain/precondition.ts";
import type { Page, Query } from "../../domain/query.ts";
import type { Projection } from "./projection.ts";
import type { ResourceSchema } from "./schema.ts";

/** A text, whole or piece by piece. */
export type Text = Promise<string> | AsyncIterable<string>;

export const isWhole = (text: Text): text is Promise<string> => !(Symbol.asyncIterator in text);

/** What an operation answers, before it is put into an HTTP response or into a bulk's. */
export interface Answer {
  readonly status: 200 | 201 | 204;
  /** Of the resource. */
  readonly location?: string;
  /** Of the resource, for its entity tag. */
  readonly version?: number;
  /** The JSON text; made only when it is sent. */
  readonly body?: () => Text;
}

/** A stored resource, of which lists know no more. */
export interface Stored {
  readonly id: string;
}

/** The operations of RFC 7644 section 3 on one resource type, whether they come alone or in a bulk. */
export interface Endpoint {
  readonly schema: ResourceSchema;
  /** @throws AppError query-too-expensive; invalid-filter; invalid-cursor */
  find(caller: Caller, query: Query): Promise<Page<Stored>>;
  /** What a resource holds at a stored path of one value; null for nothing. */
  valueAt(item: Stored, path: string): string | number | boolean | null;
  /** The JSON texts of these resources, with commas between them. */
  render(caller: Caller, items: readonly Stored[], projection: Projection): Text;
  /** Section 3.3. @throws AppError invalid-request; invalid-value; too-large; conflict */
  create(caller: Caller, body: unknown, projection: Projection): Promise<Answer>;
  /** Section 3.4.1. @throws AppError not-found */
  read(caller: Caller, id: string, projection: Projection): Promise<Answer>;
  /** Section 3.5.1. @throws AppError not-found; precondition-failed; and as `create` */
  replace(
    caller: Caller,
    id: string,
    body: unknown,
    expected: ExpectedVersion | undefined,
    projection: Projection,
  ): Promise<Answer>;
  /** Section 3.5.2. @throws AppError invalid-path; invalid-filter; no-target; mutability; and as `replace` */
  patch(
    caller: Caller,
    id: string,
    body: unknown,
    expected: ExpectedVersion | undefined,
    projection: Projection,
  ): Promise<Answer>;
  /** Section 3.6. @throws AppError not-found; precondition-failed */
  remove(caller: Caller, id: string, expected: ExpectedVersion | undefined): Promise<Answer>;
}
