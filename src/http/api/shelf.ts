import type { z } from "zod";
import type { User } from "../../../schemas/user.ts";
import type { Standing } from "../../domain/access/standing.ts";
import { type Catalogue, contentOf, notFound } from "../../domain/catalogue/catalogue.ts";
import type { Kind } from "../../domain/catalogue/kinds.ts";
import type { Thing } from "../../domain/catalogue/thing.ts";
import type { Answer, Asked } from "../operation.ts";
import type { Filters } from "./lists.ts";
import type { Rooms } from "./rooms.ts";

/** How one kind of the catalogue stands at the door. */
export interface Shelf<T extends Thing> {
  readonly kind: Kind<T>;
  readonly path: string;
  readonly tag: string;
  /** The kind in operation ids and schema names: `Toolkit`. */
  readonly name: string;
  readonly plural: string;
  readonly from: (rooms: Rooms) => Catalogue<T>;
  readonly input: z.ZodObject;
  readonly shown: z.ZodObject;
  readonly filters: Filters;
  /** Absent: the kind is not for users. */
  readonly forUser?: UserShelf<T>;
}

interface UserShelf<T> {
  readonly kind: "mcp-server" | "toolkit" | "skill" | "command";
  readonly shown: z.ZodObject;
  /** Things as the user may see them. */
  readonly show: (things: readonly T[], standing: Standing, rooms: Rooms) => Promise<readonly object[]>;
  /** Whether users have own ones. */
  readonly isOwnable: boolean;
}

/** A thing as the organisation sees it. */
export function shownThing(thing: Thing): Readonly<Record<string, unknown>> {
  const { id, version, createdAt, updatedAt, ownerId } = thing;
  return { id, version, createdAt, updatedAt, ...(ownerId !== undefined && { ownerId }), ...contentOf(thing) };
}

/** A thing as a user sees it: without whom else it is assigned to. */
export function shownToUser(thing: Thing): Readonly<Record<string, unknown>> {
  const { assignment: _, ...shown } = shownThing(thing);
  return shown;
}

export function answerOf(thing: Thing): Answer {
  return { status: 200, version: thing.version, body: shownThing(thing) };
}

export async function answerForUser<T extends Thing>(
  { forUser }: Shelf<T>,
  thing: T,
  standing: Standing,
  rooms: Rooms,
): Promise<Answer> {
  const [body] = (await forUser?.show([thing], standing, rooms)) ?? [];
  return { status: 200, version: thing.version, ...(body && { body }) };
}

/** What the user of this view may reach, with the caller's credential. */
export function standingOf({ caller, user }: Asked<User>, { access }: Rooms): Promise<Standing> {
  return access.standing(caller.organizationId, user.id, caller.restriction);
}

/**
 * What the user can reach by the name in the path: an own thing comes before the organisation's.
 * @throws AppError not-found, alike for what is not there and for what is not theirs
 */
export async function reachable<T extends Thing>(
  { kind, forUser, from }: Shelf<T>,
  { caller: { organizationId }, user, parameter }: Asked<User>,
  standing: Standing,
  rooms: Rooms,
): Promise<T> {
  for (const ownerId of forUser?.isOwnable ? [user.id, undefined] : [undefined]) {
    const thing = await from(rooms).get(organizationId, parameter("id"), ownerId);
    if (thing && forUser && standing.reaches(forUser.kind, thing)) return thing;
  }
  throw notFound(kind.title);
}
