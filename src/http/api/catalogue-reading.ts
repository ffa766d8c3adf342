import { notFound } from "../../domain/catalogue/catalogue.ts";
import type { Thing } from "../../domain/catalogue/thing.ts";
import type { Condition } from "../../domain/query.ts";
import { type Operation, operation } from "../operation.ts";
import { conditionFrom, type ListQuery, pageAnswer, pageOf, queryOf } from "./lists.ts";
import { answerForUser, answerOf, reachable, type Shelf, shownThing, standingOf } from "./shelf.ts";

/** List and get of one kind, for the organisation and for users. */
export function readingOperations<T extends Thing>(shelf: Shelf<T>): readonly Operation[] {
  const { kind, path, tag, name, plural, shown, filters, from, forUser } = shelf;
  const { title } = kind;
  return [
    operation<ListQuery>({
      operationId: `list${plural}`,
      method: "get",
      path,
      tag,
      query: queryOf(filters),
      summary: `Lists ${title}s in the order in which they were made`,
      organization: {
        scopes: ["admin:read"],
        answers: { 200: pageOf(shown, `${name}List`) },
        handle: ({ caller: { organizationId }, query }, rooms) => {
          const where = conditionFrom(query, filters);
          return pageAnswer(
            query,
            [organizationId, path, where],
            (page) => from(rooms).list(organizationId, { ...page, ...(where && { where }) }),
            (things) => things.map(shownThing),
          );
        },
      },
      ...(forUser && {
        user: {
          scopes: ["connect:read"],
          answers: { 200: pageOf(forUser.shown, `User${name}List`) },
          handle: async (asked, rooms) => {
            const { organizationId } = asked.caller;
            const standing = await standingOf(asked, rooms);
            const filter = conditionFrom(asked.query, filters);
            const reach = standing.condition(forUser.kind);
            const where: Condition = filter ? { op: "and", all: [reach, filter] } : reach;
            return pageAnswer(
              asked.query,
              [organizationId, asked.user.id, path, filter],
              (page) => from(rooms).list(organizationId, { ...page, where }),
              (things) => forUser.show(things, standing, rooms),
            );
          },
        },
      }),
    }),
    operation({
      operationId: `get${name}`,
      method: "get",
      path: `${path}/{id}`,
      tag,
      isVersioned: true,
      summary: `One ${title}`,
      parameters: { id: `slug or id of the ${title}` },
      organization: {
        scopes: ["admin:read"],
        answers: { 200: shown },
        handle: async ({ caller, parameter }, rooms) => {
          const thing = await from(rooms).get(caller.organizationId, parameter("id"));
          if (!thing) throw notFound(title);
          return answerOf(thing);
        },
      },
      ...(forUser && {
        user: {
          scopes: ["connect:read"],
          answers: { 200: forUser.shown },
          handle: async (asked, rooms) => {
            const standing = await standingOf(asked, rooms);
            return answerForUser(shelf, await reachable(shelf, asked, standing, rooms), standing, rooms);
          },
        },
      }),
    }),
  ];
}
