import { z } from "zod";
import {
  authorizationCompletion,
  authorizationStart,
  type Connection,
  connectionInput,
  connectionResponse,
  ownConnectionResponse,
} from "../../../../schemas/connection.ts";
import { noConnectionVersion } from "../../../domain/connections/connection-changes.ts";
import { AppError } from "../../../errors.ts";
import { buildPageResponse, pageParameters, toPageSchema } from "../kernel/lists.ts";
import { defineOperation, type Operation, type OperationResponse } from "../kernel/operation.ts";
import { createOnlyText, creationOrderText, idempotentPutText } from "../kernel/operation-texts.ts";
import { resolveEffectiveAccess } from "./catalog-descriptor.ts";

const tag = "Connections";
const path = "/connections";
const itemRoute = {
  path: `${path}/{id}`,
  tag,
  parameters: {
    id: "In the organization's view, the id of the connection. In the user's view, the slug or id of the MCP server.",
  },
  isVersioned: true,
} as const;

const list = defineOperation({
  operationId: "listConnections",
  method: "get",
  path,
  tag,
  query: z.object({
    ...pageParameters,
    user: z.string().max(100).optional().describe("The id of the user."),
    mcpServer: z.string().max(100).optional().describe("The slug or id of the MCP server."),
  }),
  summary: "List connections",
  description: `${creationOrderText} The user's view lists the user's own connections to MCP servers that the user may use.`,
  organization: {
    scopes: ["admin:read"],
    responses: { 200: toPageSchema(connectionResponse, "ConnectionList") },
    handle: ({ caller: { organizationId }, query }, { connections }) => {
      const { user, mcpServer } = query;
      return buildPageResponse(
        query,
        [organizationId, path, user, mcpServer],
        (page) => connections.list(organizationId, { user, mcpServer }, page),
        (items) => items.map(renderConnection),
      );
    },
  },
  user: {
    scopes: ["connect:read"],
    responses: { 200: toPageSchema(connectionResponse, "ConnectionList") },
    handle: async (context, services) => {
      const effectiveAccess = await resolveEffectiveAccess(context, services);
      const { user, mcpServer } = context.query;
      return buildPageResponse(
        context.query,
        [context.caller.organizationId, context.user.id, path, user, mcpServer],
        (page) => services.connections.listOwn(effectiveAccess, { user, mcpServer }, page),
        (items) => items.map(renderConnection),
      );
    },
  },
});

const get = defineOperation({
  operationId: "getConnection",
  method: "get",
  ...itemRoute,
  summary: "Get a connection",
  description:
    "The user's view returns the user's own connection to an MCP server, or the status `not-connected` if there is none.",
  organization: {
    scopes: ["admin:read"],
    responses: { 200: connectionResponse },
    handle: async ({ caller, parameter }, { connections }) => {
      const connection = await connections.get(caller.organizationId, parameter("id"));
      if (!connection) throw new AppError("not-found", "The connection was not found.");
      return toConnectionResponse(connection);
    },
  },
  user: {
    scopes: ["connect:read"],
    responses: { 200: ownConnectionResponse },
    handle: async (context, services) => {
      const effectiveAccess = await resolveEffectiveAccess(context, services);
      const { server, connection } = await services.connections.getOwn(effectiveAccess, context.parameter("id"));
      if (connection) return toConnectionResponse(connection);
      const body = { mcpServer: server.slug, status: "not-connected" };
      return { status: 200, version: noConnectionVersion, body };
    },
  },
});

const put = defineOperation({
  operationId: "putConnection",
  method: "put",
  ...itemRoute,
  body: connectionInput,
  summary: "Create or replace a connection",
  description: `Records the user's own connection to an MCP server, or replaces its content. ${idempotentPutText} ${createOnlyText}`,
  user: {
    scopes: ["connect:write"],
    responses: { 200: connectionResponse, 201: connectionResponse },
    handle: async (context, services) => {
      const { caller, expected, body, parameter } = context;
      const { status, account, expiresAt, state } = body;
      const content = {
        status,
        ...(account !== undefined && { account }),
        ...(expiresAt !== undefined && { expiresAt }),
      };
      const effectiveAccess = await resolveEffectiveAccess(context, services);
      const { connection, isNew } = await services.connections.put(
        caller,
        effectiveAccess,
        parameter("id"),
        expected,
        content,
        state,
      );
      const response = toConnectionResponse(connection);
      return isNew ? { ...response, status: 201, location: `${path}/${connection.mcpServer}` } : response;
    },
  },
});

const remove = defineOperation({
  operationId: "deleteConnection",
  method: "delete",
  ...itemRoute,
  summary: "Delete a connection",
  description:
    "Deletes the connection and its stored credential. OAuth tokens are revoked at the authorization server if `auth.revocationUrl` is set.",
  organization: {
    scopes: ["admin:write"],
    responses: { 204: null },
    handle: async ({ caller, expected, parameter }, { connections }) => {
      await connections.remove(caller, parameter("id"), expected);
      return { status: 204 };
    },
  },
  user: {
    scopes: ["connect:write"],
    responses: { 204: null },
    handle: async (context, services) => {
      const effectiveAccess = await resolveEffectiveAccess(context, services);
      await services.connections.removeOwn(context.caller, effectiveAccess, context.parameter("id"), context.expected);
      return { status: 204 };
    },
  },
});

const authorize = defineOperation({
  operationId: "startConnection",
  method: "post",
  path: `${path}/{id}/auth-url`,
  tag,
  parameters: { id: "The slug or id of an MCP server with `auth.type` `oauth2`." },
  summary: "Start an OAuth 2.0 connection",
  description: `Returns the URL of an authorization request with PKCE (RFC 6749 section 4.1.1, RFC 7636), to which the client sends the
user. Without \`auth.redirectUri\`, the user returns to this service, confirms, and is connected: the service exchanges
the code, stores the tokens encrypted, and refreshes them. With \`auth.redirectUri\`, the client receives the code there. It
completes the connection with \`POST /connections/{id}/authorization\`, or exchanges the code itself with \`codeVerifier\`,
stores the tokens, and creates the connection with the \`state\`.`,
  errorCodes: ["conflict", "not-implemented"],
  user: {
    scopes: ["connect:write"],
    responses: { 200: authorizationStart },
    handle: async (context, services) => {
      const effectiveAccess = await resolveEffectiveAccess(context, services);
      return {
        status: 200,
        body: await services.connections.authorize(context.caller, effectiveAccess, context.parameter("id")),
      };
    },
  },
});

const complete = defineOperation({
  operationId: "completeConnection",
  method: "post",
  path: `${path}/{id}/authorization`,
  tag,
  parameters: { id: "The slug or id of an MCP server with `auth.type` `oauth2`." },
  body: authorizationCompletion,
  summary: "Complete an OAuth 2.0 connection",
  description:
    "Exchanges the code of an authorization response for tokens, stores these encrypted as the credential of the connection, and creates the connection or marks it as connected. The `state` must be that of an auth URL of the same user and MCP server. It is used by the first request, whatever its outcome.",
  errorCodes: ["conflict", "upstream-failed"],
  user: {
    scopes: ["connect:write"],
    responses: { 200: connectionResponse, 201: connectionResponse },
    handle: async (context, services) => {
      const effectiveAccess = await resolveEffectiveAccess(context, services);
      const { server } = await services.connections.getOwn(effectiveAccess, context.parameter("id"));
      const { connection, isNew } = await services.oauthConnections.complete(
        context.caller,
        effectiveAccess,
        server.id,
        context.body,
      );
      const response = toConnectionResponse(connection);
      return isNew ? { ...response, status: 201, location: `${path}/${connection.mcpServer}` } : response;
    },
  },
});

/** The operations on connections of users to MCP servers. */
export const connectionOperations: readonly Operation[] = [list, get, put, remove, authorize, complete];

const toConnectionResponse = (connection: Connection): OperationResponse => ({
  status: 200,
  version: connection.version,
  body: renderConnection(connection),
});

/** Renders fields in a fixed order, because the entity tag of a user's view is a digest of the body. */
function renderConnection(connection: Connection): object {
  const { id, version, createdAt, updatedAt, userId, mcpServer, connectedAt } = connection;
  const { status, account, expiresAt, statusReason } = connection;
  return {
    ...{ id, version, createdAt, updatedAt, userId, mcpServer, connectedAt, status },
    ...(account !== undefined && { account }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(statusReason !== undefined && { statusReason }),
  };
}
