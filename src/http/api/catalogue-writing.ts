import { slug } from "../../../schemas/text.ts";
import type { User } from "../../../schemas/user.ts";
import type { Standing } from "../../domain/access/standing.ts";
import type { Content } from "../../domain/catalogue/catalogue.ts";
import type { Owner } from "../../domain/catalogue/naming.ts";
import type { Thing } from "../../domain/catalogue/thing.ts";
import { AppError } from "../../errors.ts";
import { type Answer, type Asked, type Operation, operation } from "../operation.ts";
import { mergePatch, patchOf } from "./merge-patch.ts";
import { readBody } from "./read.ts";
import type { Rooms } from "./rooms.ts";
import { answerForUser, answerOf, reachable, type Shelf, standingOf } from "./shelf.ts";

/** Create, put, patch and delete of one kind: for the organisation, and for users on what is their own. */
export function writingOperations<T extends Thing>(shelf: Shelf<T>): readonly Operation[] {
  const { kind, path, tag, name, input, shown, from } = shelf;
  const { title } = kind;
  const own = shelf.forUser?.isOwnable ? shelf.forUser : undefined;
  const one = {
    path: `${path}/{id}`,
    tag,
    parameters: { id: `slug or id of the ${title}` },
    isVersioned: true,
  } as const;
  return [
    operation({
      operationId: `create${name}`,
      method: "post",
      path,
      tag,
      isVersioned: true,
      body: input,
      summary: `Makes a new ${title}`,
      faults: ["conflict"],
      organization: {
        scopes: ["admin:write"],
        answers: { 201: shown },
        handle: async ({ caller, body }, rooms) =>
          created(await from(rooms).create(caller, contentFrom(body, undefined))),
      },
      ...(own && {
        user: {
          scopes: ["connect:write"],
          answers: { 201: own.shown },
          handle: async (asked, rooms) => {
            const standing = await standingOf(asked, rooms);
            const thing = await from(rooms).create(
              asked.caller,
              contentFrom(asked.body, asked.user.id),
              ownerOf(asked.user, standing),
            );
            return { ...(await answerForUser(shelf, thing, standing, rooms)), ...placeOf(thing) };
          },
        },
      }),
    }),
    operation({
      operationId: `put${name}`,
      method: "put",
      ...one,
      body: input
        .safeExtend({ slug: slug.optional().describe("the one in the path") })
        .meta({ id: `${name}Replacement` }),
      summary: `Makes the ${title} of this slug, or puts other content in its place`,
      description: "The same content again changes nothing. With `If-None-Match: *` it only makes a new one.",
      faults: ["conflict"],
      organization: {
        scopes: ["admin:write"],
        answers: { 200: shown, 201: shown },
        handle: async (asked, rooms) => {
          const { thing, isNew } = await put(asked, rooms);
          return isNew ? created(thing) : answerOf(thing);
        },
      },
      ...(own && {
        user: {
          scopes: ["connect:write"],
          answers: { 200: own.shown, 201: own.shown },
          handle: async (asked, rooms) => {
            const standing = await standingOf(asked, rooms);
            if (isId(asked)) await assertOwn(asked, standing, rooms);
            const { thing, isNew } = await put(asked, rooms, ownerOf(asked.user, standing));
            const answer = await answerForUser(shelf, thing, standing, rooms);
            return isNew ? { ...answer, ...placeOf(thing) } : answer;
          },
        },
      }),
    }),
    operation({
      operationId: `patch${name}`,
      method: "patch",
      ...one,
      body: patchOf(input.shape, `${name}Patch`),
      summary: `Changes parts of one ${title}`,
      description: "A JSON merge patch (RFC 7396): null takes a field away, a list is replaced as a whole.",
      organization: {
        scopes: ["admin:write"],
        answers: { 200: shown },
        handle: async (asked, rooms) => answerOf(await patch(asked, rooms)),
      },
      ...(own && {
        user: {
          scopes: ["connect:write"],
          answers: { 200: own.shown },
          handle: async (asked, rooms) => {
            const standing = await standingOf(asked, rooms);
            await assertOwn(asked, standing, rooms);
            const thing = await patch(asked, rooms, ownerOf(asked.user, standing));
            return answerForUser(shelf, thing, standing, rooms);
          },
        },
      }),
    }),
    operation({
      operationId: `delete${name}`,
      method: "delete",
      ...one,
      summary: `Deletes one ${title}`,
      ...(shelf.forUser && { faults: ["referenced"] }), // what is not for users is named by nothing
      organization: {
        scopes: ["admin:write"],
        answers: { 204: null },
        handle: async ({ caller, expected, parameter }, rooms) => {
          await from(rooms).remove(caller, parameter("id"), expected);
          return { status: 204 };
        },
      },
      ...(own && {
        user: {
          scopes: ["connect:write"],
          answers: { 204: null },
          handle: async (asked, rooms) => {
            const standing = await standingOf(asked, rooms);
            await assertOwn(asked, standing, rooms);
            const { caller, user, expected, parameter } = asked;
            await from(rooms).remove(caller, parameter("id"), expected, ownerOf(user, standing));
            return { status: 204 };
          },
        },
      }),
    }),
  ];

  async function put(asked: Asked<unknown>, rooms: Rooms, owner?: Owner): Promise<{ thing: T; isNew: boolean }> {
    const { caller, expected } = asked;
    const named = asked.parameter("id");
    const content = (slug: string, ownerId: string | undefined): Content<T> => ({
      ...{ slug },
      ...contentFrom(asked.body, ownerId),
    });
    if (isId(asked)) {
      const revise = (now: Content<T>, ownerId: string | undefined): Content<T> => content(now.slug, ownerId);
      return { thing: await from(rooms).update(caller, named, expected, revise, owner), isNew: false };
    }
    const { error } = slug.safeParse(named);
    if (error)
      throw new AppError("invalid-value", `The slug in the path ${error.issues[0]?.message}.`, { field: "slug" });
    const wanted = content(named, owner?.id);
    if (wanted.slug !== named) {
      throw new AppError("invalid-value", "slug must be the one in the path.", { field: "slug" });
    }
    return from(rooms).put(caller, expected, wanted, owner);
  }

  function patch({ caller, expected, parameter, body }: Asked<unknown>, rooms: Rooms, owner?: Owner): Promise<T> {
    const revise = (now: Content<T>, ownerId: string | undefined): Content<T> =>
      contentFrom(readBody(input, mergePatch(now, body)), ownerId);
    return from(rooms).update(caller, parameter("id"), expected, revise, owner);
  }

  function isId({ parameter }: Asked<unknown>): boolean {
    return parameter("id").startsWith(`${kind.prefix}_`);
  }

  /** @throws AppError not-found; forbidden for the organisation's, which the user sees and does not own */
  async function assertOwn(asked: Asked<User>, standing: Standing, rooms: Rooms): Promise<void> {
    const { ownerId } = await reachable(shelf, asked, standing, rooms);
    if (ownerId === asked.user.id) return;
    throw new AppError("forbidden", `The ${title} is the organization's, not the user's own.`);
  }

  function placeOf({ id }: T): { readonly status: 201; readonly location: string } {
    return { status: 201, location: `${path}/${id}` };
  }

  function created(thing: T): Answer {
    return { ...answerOf(thing), ...placeOf(thing) };
  }

  /**
   * What a checked body says of a thing, without what it repeats of an answer.
   * @throws AppError invalid-value for another owner than it has: nobody can make a thing somebody else's
   */
  function contentFrom(body: unknown, ownerId: string | undefined): Content<T> {
    const {
      id: _,
      version: _v,
      createdAt: _c,
      updatedAt: _u,
      ownerId: given,
      ...content
    } = body as Record<string, unknown>;
    if (given !== undefined && given !== ownerId) {
      throw new AppError("invalid-value", "ownerId cannot be chosen; leave it out.", { field: "ownerId" });
    }
    return content as unknown as Content<T>;
  }
}

const ownerOf = ({ id }: User, standing: Standing): Owner => ({
  id,
  mayName: (kind, thing) => standing.reaches(kind, thing),
});
