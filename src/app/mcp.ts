import type { RequestHandler, Router } from "express";
import { SigningKey } from "../domain/connections/signing-key.ts";
import { InputRequests } from "../domain/mcp/input-requests.ts";
import { RequestStates } from "../domain/mcp/request-state.ts";
import { ServedServers } from "../domain/mcp/served-servers.ts";
import { ToolCalls } from "../domain/mcp/tool-calls.ts";
import { ToolQuarantine } from "../domain/mcp/tool-definition.ts";
import { ToolPages } from "../domain/mcp/tool-pages.ts";
import { UserTools } from "../domain/mcp/user-tools.ts";
import { identifyActingUser } from "../http/api/kernel/view.ts";
import { mcpRouter } from "../http/mcp/router.ts";
import { version } from "../startup.ts";
import type { AppContext } from "./context.ts";
import type { Recorders } from "./recorders.ts";
import type { AppServices } from "./services.ts";

/**
 * Creates the router of `/mcp`, with the part of the domain that only it uses.
 * @param requireCredentials the step that authenticates requests
 */
export function createMcpRouter(
  { store, config, log, quotas, traces }: AppContext,
  { api, verifier, authorizations, upstreamCalls }: AppServices,
  { requestLog, toolCallLog }: Recorders,
  requireCredentials: RequestHandler,
): Router {
  const quarantine = new ToolQuarantine(({ organizationId, slug }, problems) =>
    log.warn("tools cannot be served by /mcp", {
      organizationId,
      server: slug,
      problems: Object.fromEntries(problems),
    }),
  );
  const tools = new UserTools(new ServedServers(store, quarantine, config.hasCache));
  const calls = new ToolCalls({
    tools,
    upstream: traces?.traceCalls(upstreamCalls) ?? upstreamCalls,
    log: toolCallLog,
    argumentAudit: config.mcpAuditArguments,
    inputRequests: new InputRequests(new RequestStates(new SigningKey(store, "mcp-request-state")), (...connection) =>
      authorizations.startInBrowser(...connection),
    ),
  });
  return mcpRouter({
    services: {
      ...{ api, tools, calls, verifier },
      toolPages: new ToolPages(config.hasCache),
      quotas: quotas.mcp,
      messageQuotas: quotas.mcpMessages,
    },
    requestLog,
    origin: {
      publicUrl: config.publicUrl,
      allowedOrigins: config.mcpAllowedOrigins,
      allowedHosts: config.mcpAllowedHosts,
    },
    authenticate: requireCredentials,
    identifyUser: identifyActingUser(api.users),
    log,
    version,
  });
}
