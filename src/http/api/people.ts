import { z } from "zod";
import type { Group, User } from "../../../schemas/user.ts";
import { attributesOf } from "../../domain/attributes.ts";
import { fold } from "../../domain/fold.ts";
import { namedBy } from "../../domain/people/named.ts";
import { AppError } from "../../errors.ts";
import { type Answer, type Asked, type Operation, operation } from "../operation.ts";
import { type Content, type Directory, editorOf, type OverrideQuery, overrideQuery } from "./directory.ts";
import { conditionFrom, type ListQuery, pageAnswer, pageOf, queryOf } from "./lists.ts";
import { mergePatch, patchOf } from "./merge-patch.ts";
import { readBody } from "./read.ts";
import type { Rooms } from "./rooms.ts";

/** List, get, create, put, patch and delete of users or groups, for the organisation. */
export function peopleOperations<T extends User | Group, Attributes>(
  directory: Directory<T, Attributes>,
): readonly Operation[] {
  const { path, tag, name, title, prefix, key, input, shown, filters, attributesFrom, from } = directory;
  const one = {
    path: `${path}/{id}`,
    tag,
    parameters: { id: `id or ${key} of the ${title}` },
    isVersioned: true,
  } as const;
  const ofMerged = mergedInput(input);
  return [
    operation<ListQuery>({
      operationId: `list${name}s`,
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
            (people) => people.map(shownPerson),
          );
        },
      },
    }),
    operation({
      operationId: `get${name}`,
      method: "get",
      ...one,
      summary: `One ${title}`,
      organization: {
        scopes: ["admin:read"],
        answers: { 200: shown },
        handle: async ({ caller, parameter }, rooms) => {
          const found = await from(rooms).get(caller.organizationId, namedBy(parameter("id"), prefix));
          if (!found) throw new AppError("not-found", `There is no such ${title}.`);
          return answerOf(found);
        },
      },
    }),
    operation({
      operationId: `create${name}`,
      method: "post",
      path,
      tag,
      isVersioned: true,
      body: input,
      summary: `Makes a ${title}`,
      description: `The rules of attributes are those of SCIM (RFC 7643): an empty list or object says that there is nothing. The ${key} is taken once, in any letter case.`,
      faults: ["conflict"],
      organization: {
        scopes: ["admin:write"],
        answers: { 201: shown },
        handle: async ({ caller, body }, rooms) =>
          created(await from(rooms).create(caller, attributesFrom(contentFrom(body)), "admin")),
      },
    }),
    operation<OverrideQuery>({
      operationId: `put${name}`,
      method: "put",
      ...one,
      query: overrideQuery,
      body: input
        .safeExtend({ [key]: z.string().optional().describe(`the one in the path, or by id a new one`) })
        .meta({ id: `${name}Replacement` }),
      summary: `Makes the ${title} of this ${key}, or puts other content in its place`,
      description:
        "By id it only replaces. The same content again changes nothing. With `If-None-Match: *` it only makes a new one.",
      faults: ["conflict", "managed"],
      organization: { scopes: ["admin:write"], answers: { 200: shown, 201: shown }, handle: put },
    }),
    operation<OverrideQuery>({
      operationId: `patch${name}`,
      method: "patch",
      ...one,
      query: overrideQuery,
      body: patchOf(input.shape, `${name}Patch`),
      summary: `Changes parts of a ${title}`,
      description: "A JSON merge patch (RFC 7396): null takes an attribute away, a list is replaced as a whole.",
      faults: ["conflict", "managed"],
      organization: {
        scopes: ["admin:write"],
        answers: { 200: shown },
        handle: async ({ caller, expected, parameter, body, query }, rooms) => {
          const which = namedBy(parameter("id"), prefix);
          const revise = (now: Content): Attributes =>
            attributesFrom(contentFrom(readBody(ofMerged, mergePatch(now, body))));
          return answerOf(await from(rooms).update(caller, which, expected, revise, editorOf(query)));
        },
      },
    }),
    operation<OverrideQuery>({
      operationId: `delete${name}`,
      method: "delete",
      ...one,
      query: overrideQuery,
      summary: `Deletes a ${title}`,
      faults: ["referenced", "managed"],
      organization: {
        scopes: ["admin:write"],
        answers: { 204: null },
        handle: async ({ caller, expected, parameter, query }, rooms) => {
          await from(rooms).remove(caller, namedBy(parameter("id"), prefix), expected, editorOf(query));
          return { status: 204 };
        },
      },
    }),
  ];

  async function put(asked: Asked<undefined, z.output<OverrideQuery>, unknown>, rooms: Rooms): Promise<Answer> {
    const { caller, expected, parameter, body, query } = asked;
    const which = namedBy(parameter("id"), prefix);
    const content = contentFrom(body);
    const editor = editorOf(query);
    if (typeof which === "string") {
      const revise = (now: Content): Attributes => attributesFrom({ [key]: now[key], ...content });
      return answerOf(await from(rooms).update(caller, which, expected, revise, editor));
    }
    const { name: inPath } = which;
    const said = content[key];
    if (typeof said === "string" && fold(said) !== fold(inPath)) throw wrongKey("must be the one in the path");
    if (inPath.includes("\0")) throw wrongKey("holds a NUL");
    const revise = (now?: Content): Attributes => attributesFrom({ [key]: now?.[key] ?? inPath, ...content });
    const { stored, isNew } = await from(rooms).put(caller, inPath, expected, revise, editor);
    return isNew ? created(stored) : answerOf(stored);
  }

  function wrongKey(why: string): AppError {
    return new AppError("invalid-value", `${key} ${why}.`, { field: key });
  }

  function created(stored: T): Answer {
    return { ...answerOf(stored), status: 201, location: `${path}/${stored.id}` };
  }
}

/** What is merged has all that a user always has: nothing of that can be taken away. */
const mergedInput = (input: z.ZodObject): z.ZodObject =>
  "active" in input.shape ? input.required({ active: true }) : input;

function answerOf(stored: User | Group): Answer {
  return { status: 200, version: stored.version, body: shownPerson(stored) };
}

function shownPerson(stored: User | Group): Content {
  const { id, version, createdAt, updatedAt, managedBy } = stored;
  return { id, version, createdAt, updatedAt, ...(managedBy && { managedBy }), ...attributesOf(stored) };
}

/** What a checked body says of somebody, without what it repeats of an answer. */
function contentFrom(body: unknown): Content {
  const { id: _, version: _v, createdAt: _c, updatedAt: _u, managedBy: _m, ...content } = body as Content;
  return content;
}
