import { z } from "zod";
import { linesType } from "../send.ts";
import { type Described, viewsOf } from "./described.ts";
import { type Refusals, refusalResponses } from "./refusal-responses.ts";
import type { Part, SchemaObject, Schemas } from "./schemas.ts";

/** How a door speaks. */
export interface Speech {
  readonly base: string;
  /** What its bodies are sent as, the first choice first. */
  readonly sent: (method: string) => readonly string[];
  readonly answered: string;
  /** Whether `x-user-email` names a user at it. */
  readonly namesUsers: boolean;
  readonly refusals: Refusals;
}

/** The operations of a door, path by path. */
export function pathsOf(operations: readonly Described[], speech: Speech, schemas: Schemas): Part {
  const paths = [...new Set(operations.map(({ path }) => path))];
  return Object.fromEntries(
    paths.map((path) => {
      const here = operations.filter((operation) => operation.path === path);
      const item = here.map((operation) => [operation.method, operationObject(operation, speech, schemas)]);
      return [speech.base + path, Object.fromEntries(item)];
    }),
  );
}

function operationObject(operation: Described, speech: Speech, schemas: Schemas): Part {
  const {
    operationId,
    tag,
    summary,
    description,
    organization,
    user,
    method,
    body,
    isBodyOptional = false,
    takesOutsideToken,
  } = operation;
  const parameters = parametersOf(operation, speech, schemas);
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    "x-required-scopes": {
      ...(organization && { organization: organization.scopes }),
      ...(user && { user: user.scopes }),
    },
    ...(operation.anyone && { security: [] }),
    ...(operation.security && { security: operation.security }),
    ...(takesOutsideToken && { security: [{ apiKey: [], outsideToken: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: !isBodyOptional, content: contentOf(schemas.sent(body), speech.sent(method)) },
    }),
    responses: { ...successesOf(operation, speech, schemas), ...refusalResponses(operation, speech.refusals) },
  };
}

const contentOf = (schema: SchemaObject, mediaTypes: readonly string[]): Part =>
  Object.fromEntries(mediaTypes.map((type) => [type, { schema }]));

function parametersOf(operation: Described, speech: Speech, schemas: Schemas): readonly Part[] {
  const { path, parameters, query, isVersioned, user } = operation;
  return [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
      name,
      in: "path",
      required: true,
      ...(parameters?.[name] !== undefined && { description: parameters[name] }),
      schema: { type: "string" },
    })),
    ...(query ? queryParametersOf(query, schemas) : []),
    ...(user && speech.namesUsers ? [parameterAt("UserEmail")] : []),
    ...(isVersioned ? conditionsOf(operation).map(parameterAt) : []),
  ];
}

/** What is made anew has no version that something could be said of. */
function conditionsOf({ method, path }: Described): readonly string[] {
  if (method === "get") return ["IfNoneMatch"];
  return method === "post" && !path.includes("{") ? [] : ["IfMatch", "IfNoneMatch"];
}

const parameterAt = (name: string): Part => ({ $ref: `#/components/parameters/${name}` });

function queryParametersOf(query: z.ZodObject, schemas: Schemas): readonly Part[] {
  return Object.entries(query.shape).map(([name, field]) => {
    const { description, ...schema } = schemas.sent(field as z.ZodType);
    return {
      name,
      in: "query",
      ...(!z.safeParse(field, undefined).success && { required: true }),
      ...(description !== undefined && { description }),
      schema,
    };
  });
}

/** Each success of each view; where the views answer differently, either. */
function successesOf(operation: Described, { answered }: Speech, schemas: Schemas): Part {
  const { isVersioned, method, lines } = operation;
  const answers = viewsOf(operation).flatMap((view) => Object.entries(view.answers));
  const statuses = [...new Set(answers.map(([status]) => status))].sort();
  const responses = statuses.map((status) => {
    const bodies = answers.flatMap(([of, schema]) => (of === status && schema ? [schemas.answered(schema)] : []));
    const headers = {
      ...Object.fromEntries(commonHeaders.map((name) => [name, headerAt(name)])),
      ...(isVersioned && status !== "204" && { ETag: headerAt("ETag") }),
      ...(status === "201" && { Location: headerAt("Location") }),
    };
    return [
      status,
      {
        description: successes[status] ?? "Success",
        headers,
        ...(bodies.length > 0 && { content: contentOf(eitherOf(bodies), [lines ? linesType : answered]) }),
      },
    ];
  });
  const isReadByVersion = isVersioned && method === "get";
  return Object.fromEntries([
    ...responses,
    ...(isReadByVersion ? [["304", { $ref: "#/components/responses/NotModified" }]] : []),
  ]);
}

/** What every answer tells besides. */
const commonHeaders = ["X-Request-Id", "RateLimit-Policy", "RateLimit", "X-Token-Expires-At"];

const headerAt = (name: string): Part => ({ $ref: `#/components/headers/${name}` });

const successes: Readonly<Record<string, string>> = { 200: "Done", 201: "Made", 204: "Done; there is nothing to say" };

function eitherOf(bodies: readonly SchemaObject[]): SchemaObject {
  const different = [...new Map(bodies.map((body) => [JSON.stringify(body), body])).values()];
  const [only] = different;
  return different.length === 1 && only ? only : { anyOf: different };
}
