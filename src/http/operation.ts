import type { z } from "zod";
import type { Scope } from "../../schemas/token.ts";
import type { User } from "../../schemas/user.ts";
import type { Caller, Presentation } from "../domain/caller.ts";
import type { ExpectedVersion } from "../domain/precondition.ts";
import type { Fault } from "../errors.ts";
import type { Rooms } from "./api/rooms.ts";

/**
 * One operation of the API as a value: its route, its authorisation, the reading of what is sent and its place in
 * openapi.yaml come from here, and nothing of them is said twice.
 */
export interface Operation<Query extends z.ZodObject = z.ZodObject, Body extends z.ZodType = z.ZodType> {
  /** Names it once, for generated clients. */
  readonly operationId: string;
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Below the door, as OpenAPI writes it: `/mcp-servers/{id}`. */
  readonly path: string;
  /** The resource, as a heading of the reference page. */
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** What each parameter of the path is. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: Query;
  /** Absent: the operation takes no body. */
  readonly body?: Body;
  /** Whether no body is as good as an empty object. */
  readonly isBodyOptional?: boolean;
  /** Whether `Authorization: Bearer` is an outside identity provider's JWT, and only X-API-Key the credential. */
  readonly takesOutsideToken?: boolean;
  /** Whether the answer speaks of one stored version: ETag, and If-Match or If-None-Match with it. */
  readonly isVersioned?: boolean;
  /** Where a success is not JSON: one object of this schema a line (JSON Lines), however many there are. */
  readonly lines?: z.ZodType;
  /** What it refuses besides what every operation of its kind may refuse. */
  readonly faults?: readonly Fault[];
  /** For the organisation as a whole: without a user named. Absent: only for a user. */
  readonly organization?: View<undefined, z.output<Query>, z.output<Body>>;
  /** For the user that `x-user-email` names or a personal token stands for. Absent: not for users. */
  readonly user?: View<User, z.output<Query>, z.output<Body>>;
  /** For whoever asks, without a credential; then there is no other view. */
  readonly anyone?: OpenView<z.output<Body>>;
}

/** An operation whose handlers know what its schemas make of what is sent. */
export function operation<Query extends z.ZodObject = z.ZodObject, Body extends z.ZodType = z.ZodType>(
  value: Operation<Query, Body>,
): Operation {
  return value;
}

/** Who may ask for it in this view, and what is answered. */
export interface View<Acting = undefined, Query = unknown, Body = unknown> {
  /** Any of these opens it; none: every valid credential does. */
  readonly scopes: readonly Scope[];
  /** The body of each success by its status; null: no body. */
  readonly answers: Answers;
  handle(asked: Asked<Acting, Query, Body>, rooms: Rooms): Promise<Answer>;
}

/** What is answered to everybody. */
export interface OpenView<Body = unknown> {
  readonly answers: Answers;
  handle(asked: Presentation & { readonly body: Body }, rooms: Rooms): Promise<Answer>;
}

export type Status = 200 | 201 | 204;
export type Answers = Readonly<Partial<Record<Status, z.ZodType | null>>>;

/** A request as an operation meets it: everything read and checked against the schemas that it declares. */
export interface Asked<Acting = undefined, Query = unknown, Body = unknown> {
  readonly caller: Caller;
  /** The user whose view it is. */
  readonly user: Acting;
  /** A parameter of the path. */
  parameter(name: string): string;
  readonly query: Query;
  readonly body: Body;
  /** The outside JWT, where the operation takes one and one was sent. */
  readonly outsideToken: string | undefined;
  /** What If-Match and If-None-Match say. */
  readonly expected: ExpectedVersion;
}

export interface Answer {
  readonly status: Status;
  readonly body?: object;
  /** Instead of a body, where the operation answers `lines`. */
  readonly lines?: AsyncIterable<object>;
  /** Of the resource, for its entity tag. */
  readonly version?: number;
  /** Whether the body says more than the version knows of, such as counts; a user's view always does. */
  readonly saysMore?: boolean;
  /** Of a resource that has just been made, below the door. */
  readonly location?: string;
}
