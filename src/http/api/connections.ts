import { z } from "zod";
import {
  authorizationStart,
  type Connection,
  connectionInput,
  connectionShown,
  notConnected,
} from "../../../schemas/connection.ts";
import { noConnection } from "../../domain/connections/changes.ts";
import { AppError } from "../../errors.ts";
import { type Answer, type Operation, operation } from "../operation.ts";
import { listQuery, pageAnswer, pageOf } from "./lists.ts";
import { standingOf } from "./shelf.ts";

const tag = "Connections";
const path = "/connections";
const one = {
  path: `${path}/{id}`,
  tag,
  parameters: { id: "for the organization, the id of the connection; for a user, the slug or id of the MCP server" },
  isVersioned: true,
} as const;

const list = operation({
  operationId: "listConnections",
  method: "get",
  path,
  tag,
  query: z.object({
    ...listQuery,
    user: z.string().max(100).optional().describe("id of the user"),
    mcpServer: z.string().max(100).optional().describe("slug or id of the MCP server"),
  }),
  summary: "Lists connections in the order in which they were made",
  description: "A user is shown the own ones, to MCP servers within reach.",
  organization: {
    scopes: ["admin:read"],
    answers: { 200: pageOf(connectionShown, "ConnectionList") },
    handle: ({ caller: { organizationId }, query }, { connections }) => {
      const { user, mcpServer } = query;
      return pageAnswer(
        query,
        [organizationId, path, user, mcpServer],
        (page) => connections.list(organizationId, { user, mcpServer }, page),
        (found) => found.map(shown),
      );
    },
  },
  user: {
    scopes: ["connect:read"],
    answers: { 200: pageOf(connectionShown, "ConnectionList") },
    handle: async (asked, rooms) => {
      const standing = await standingOf(asked, rooms);
      const { user, mcpServer } = asked.query;
      return pageAnswer(
        asked.query,
        [asked.caller.organizationId, asked.user.id, path, user, mcpServer],
        (page) => rooms.connections.listOwn(standing, { user, mcpServer }, page),
        (found) => found.map(shown),
      );
    },
  },
});

const get = operation({
  operationId: "getConnection",
  method: "get",
  ...one,
  summary: "One connection; for a user, whether there is one to an MCP server",
  description: "To an MCP server within reach without a connection the answer is the status `not-connected`.",
  organization: {
    scopes: ["admin:read"],
    answers: { 200: connectionShown },
    handle: async ({ caller, parameter }, { connections }) => {
      const found = await connections.get(caller.organizationId, parameter("id"));
      if (!found) throw new AppError("not-found", "There is no such connection.");
      return answerOf(found);
    },
  },
  user: {
    scopes: ["connect:read"],
    answers: { 200: z.union([connectionShown, notConnected]) },
    handle: async (asked, rooms) => {
      const standing = await standingOf(asked, rooms);
      const { server, connection } = await rooms.connections.check(standing, asked.parameter("id"));
      if (connection) return answerOf(connection);
      const body = { mcpServer: server.slug, status: "not-connected" };
      return { status: 200, version: noConnection, body };
    },
  },
});

const put = operation({
  operationId: "putConnection",
  method: "put",
  ...one,
  body: connectionInput,
  summary: "Makes the user's own connection to an MCP server, or says other things of it",
  description: "The same content again changes nothing. With `If-None-Match: *` it only makes a new one.",
  user: {
    scopes: ["connect:write"],
    answers: { 200: connectionShown, 201: connectionShown },
    handle: async (asked, rooms) => {
      const { caller, expected, body, parameter } = asked;
      const { status, account, expiresAt, state } = body;
      const content = {
        status,
        ...(account !== undefined && { account }),
        ...(expiresAt !== undefined && { expiresAt }),
      };
      const standing = await standingOf(asked, rooms);
      const { connection, isNew } = await rooms.connections.put(
        caller,
        standing,
        parameter("id"),
        expected,
        content,
        state,
      );
      const answer = answerOf(connection);
      return isNew ? { ...answer, status: 201, location: `${path}/${connection.mcpServer}` } : answer;
    },
  },
});

const remove = operation({
  operationId: "deleteConnection",
  method: "delete",
  ...one,
  summary: "Deletes a connection",
  organization: {
    scopes: ["admin:write"],
    answers: { 204: null },
    handle: async ({ caller, expected, parameter }, { connections }) => {
      await connections.remove(caller, parameter("id"), expected);
      return { status: 204 };
    },
  },
  user: {
    scopes: ["connect:write"],
    answers: { 204: null },
    handle: async (asked, rooms) => {
      const standing = await standingOf(asked, rooms);
      await rooms.connections.removeOwn(asked.caller, standing, asked.parameter("id"), asked.expected);
      return { status: 204 };
    },
  },
});

const authorize = operation({
  operationId: "startConnection",
  method: "post",
  path: `${path}/{id}/auth-url`,
  tag,
  parameters: { id: "slug or id of an MCP server whose auth is oauth2" },
  summary: "Where to send the user to connect to an MCP server by OAuth 2.0",
  description: `An authorization request for a code, with PKCE (RFC 6749 section 4.1.1, RFC 7636). The client receives the
code at the server's \`redirectUri\`, exchanges it with \`codeVerifier\` at the server's \`tokenUrl\`, keeps what it gets,
and puts the connection with the \`state\`. Nothing of it is kept here.`,
  faults: ["conflict"],
  user: {
    scopes: ["connect:write"],
    answers: { 200: authorizationStart },
    handle: async (asked, rooms) => {
      const standing = await standingOf(asked, rooms);
      return { status: 200, body: await rooms.connections.authorize(standing, asked.parameter("id")) };
    },
  },
});

/** Which users have connected to which MCP servers. */
export const connectionOperations: readonly Operation[] = [list, get, put, remove, authorize];

const answerOf = (connection: Connection): Answer => ({
  status: 200,
  version: connection.version,
  body: shown(connection),
});

/** In one order of fields, whoever made the record: the entity tag of a user's view is made of it. */
function shown(connection: Connection): object {
  const { id, version, createdAt, updatedAt, userId, mcpServer, connectedAt, status, account, expiresAt } = connection;
  return {
    ...{ id, version, createdAt, updatedAt, userId, mcpServer, connectedAt, status },
    ...(account !== undefined && { account }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}
