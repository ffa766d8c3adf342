import { credentialInput, credentialStatus } from "../../../../schemas/credential.ts";
import type { McpServer } from "../../../../schemas/mcp-server.ts";
import type { User } from "../../../../schemas/user.ts";
import { mcpServerNotFound } from "../../../domain/connections/connection-changes.ts";
import { defineOperation, type Operation, type RequestContext } from "../kernel/operation.ts";
import type { Services } from "../kernel/services.ts";
import { resolveEffectiveAccess } from "./catalog-descriptor.ts";

const serverRoute = {
  path: "/mcp-servers/{id}/credential",
  tag: "MCP servers",
  parameters: { id: "The slug or id of the MCP server." },
} as const;
const connectionRoute = {
  path: "/connections/{id}/credential",
  tag: "Connections",
  parameters: { id: "The slug or id of the MCP server." },
} as const;

const sentText =
  "It is sent to the origin of the server's URL as the header that `auth` names (`Authorization` for `oauth2`), and is stored encrypted. No response, audit event or log contains it. If the URL changes to another origin, store it again.";

/** The operations on the stored credentials of MCP servers and connections. */
export const credentialOperations: readonly Operation[] = [
  defineOperation({
    operationId: "getMcpServerCredential",
    method: "get",
    ...serverRoute,
    summary: "Get the status of an MCP server's credential",
    description: "Returns whether the organization has stored a credential for the server, without the credential.",
    organization: {
      scopes: ["admin:read"],
      responses: { 200: credentialStatus },
      handle: async (context, services) => {
        const { id } = await requireServer(context, services);
        return { status: 200, body: await services.credentials.describe(context.caller.organizationId, id) };
      },
    },
  }),
  defineOperation({
    operationId: "putMcpServerCredential",
    method: "put",
    ...serverRoute,
    body: credentialInput,
    summary: "Store the organization's credential for an MCP server",
    description: `Stores the credential with which users without one of their own call the server's tools. ${sentText}`,
    errorCodes: ["conflict", "not-implemented"],
    organization: {
      scopes: ["admin:write"],
      responses: { 200: credentialStatus },
      handle: async (context, services) => {
        const { id } = await requireServer(context, services);
        return { status: 200, body: await services.credentials.setForServer(context.caller, id, context.body.value) };
      },
    },
  }),
  defineOperation({
    operationId: "deleteMcpServerCredential",
    method: "delete",
    ...serverRoute,
    summary: "Delete the organization's credential for an MCP server",
    description: "Users without a credential of their own can then no longer call the server's tools.",
    organization: {
      scopes: ["admin:write"],
      responses: { 204: null },
      handle: async (context, services) => {
        const { id } = await requireServer(context, services);
        await services.credentials.remove(context.caller, "mcp-server", id);
        return { status: 204 };
      },
    },
  }),
  defineOperation({
    operationId: "getConnectionCredential",
    method: "get",
    ...connectionRoute,
    summary: "Get the status of a connection's credential",
    description: "Returns whether the user has stored a credential for the MCP server, without the credential.",
    user: {
      scopes: ["connect:read"],
      responses: { 200: credentialStatus },
      handle: async (context, services) => {
        const connection = await findOwnConnection(context, services);
        if (!connection) return { status: 200, body: { hasCredential: false } };
        return { status: 200, body: await services.credentials.describe(context.caller.organizationId, connection.id) };
      },
    },
  }),
  defineOperation({
    operationId: "putConnectionCredential",
    method: "put",
    ...connectionRoute,
    body: credentialInput,
    summary: "Store the user's credential for an MCP server",
    description: `Creates the connection if there is none, and marks it as connected. ${sentText}`,
    errorCodes: ["conflict", "not-implemented"],
    user: {
      scopes: ["connect:write"],
      responses: { 200: credentialStatus },
      handle: async (context, services) => {
        const access = await resolveEffectiveAccess(context, services);
        const { server } = await services.connections.getOwn(access, context.parameter("id"));
        const { caller, body } = context;
        return { status: 200, body: await services.credentials.setForUser(caller, access, server.id, body.value) };
      },
    },
  }),
  defineOperation({
    operationId: "deleteConnectionCredential",
    method: "delete",
    ...connectionRoute,
    summary: "Delete the user's credential for an MCP server",
    description:
      "The connection stays. OAuth tokens are revoked at the authorization server if `auth.revocationUrl` is set. Deleting the connection deletes its credential too.",
    user: {
      scopes: ["connect:write"],
      responses: { 204: null },
      handle: async (context, services) => {
        const connection = await findOwnConnection(context, services);
        if (connection) await services.credentials.remove(context.caller, "connection", connection.id);
        return { status: 204 };
      },
    },
  }),
];

/** @returns the MCP server that the path names. @throws AppError not-found */
export async function requireServer(
  { caller, parameter }: Pick<RequestContext, "caller" | "parameter">,
  { mcpServers }: Services,
): Promise<McpServer> {
  const server = await mcpServers.get(caller.organizationId, parameter("id"));
  if (server) return server;
  throw mcpServerNotFound();
}

async function findOwnConnection(context: RequestContext<User>, services: Services) {
  const access = await resolveEffectiveAccess(context, services);
  return (await services.connections.getOwn(access, context.parameter("id"))).connection;
}
