import { clientSecretInput, credentialStatus } from "../../../../schemas/credential.ts";
import { defineOperation, type Operation } from "../kernel/operation.ts";
import { requireServer } from "./credentials.ts";

const route = {
  path: "/mcp-servers/{id}/client-secret",
  tag: "MCP servers",
  parameters: { id: "The slug or id of an MCP server with `auth.type` `oauth2`." },
} as const;

/** The operations on the secrets of the OAuth clients of MCP servers. */
export const clientSecretOperations: readonly Operation[] = [
  defineOperation({
    operationId: "getMcpServerClientSecret",
    method: "get",
    ...route,
    summary: "Get the status of an MCP server's client secret",
    description: "Returns whether a client secret is stored for `auth.clientId`, without the secret.",
    organization: {
      scopes: ["admin:read"],
      responses: { 200: credentialStatus },
      handle: async (context, services) => {
        const { id } = await requireServer(context, services);
        return { status: 200, body: await services.clientSecrets.describe(context.caller.organizationId, id) };
      },
    },
  }),
  defineOperation({
    operationId: "putMcpServerClientSecret",
    method: "put",
    ...route,
    body: clientSecretInput,
    summary: "Store an MCP server's client secret",
    description:
      "Stores the secret of the OAuth client `auth.clientId`, with which this service exchanges and refreshes tokens. It is sent to the origin of `auth.tokenUrl` and is stored encrypted. No response, audit event or log contains it. If `auth.tokenUrl` changes to another origin, store it again.",
    errorCodes: ["conflict", "not-implemented"],
    organization: {
      scopes: ["admin:write"],
      responses: { 200: credentialStatus },
      handle: async (context, services) => {
        const { id } = await requireServer(context, services);
        return { status: 200, body: await services.clientSecrets.set(context.caller, id, context.body.value) };
      },
    },
  }),
  defineOperation({
    operationId: "deleteMcpServerClientSecret",
    method: "delete",
    ...route,
    summary: "Delete an MCP server's client secret",
    description: "The service then sends no client secret to the token endpoint.",
    organization: {
      scopes: ["admin:write"],
      responses: { 204: null },
      handle: async (context, services) => {
        const { id } = await requireServer(context, services);
        await services.clientSecrets.remove(context.caller, id);
        return { status: 204 };
      },
    },
  }),
];
