import type { Request, Response } from "express";
import type { User } from "../../../schemas/user.ts";
import type { EffectiveAccess } from "../../domain/access/effective-access.ts";
import type { Caller } from "../../domain/caller.ts";
import type { RenewableGrant } from "../../domain/mcp/call-monitor.ts";
import type { ToolCalls } from "../../domain/mcp/tool-calls.ts";
import type { ToolPages } from "../../domain/mcp/tool-pages.ts";
import type { ToolSelection } from "../../domain/mcp/tool-selection.ts";
import type { UserTools } from "../../domain/mcp/user-tools.ts";
import type { SurfaceQuotas } from "../../domain/rate-limit/policies.ts";
import type { TokenVerifier } from "../../domain/tokens/verify/token-verifier.ts";
import { AppError } from "../../errors.ts";
import type { Services } from "../api/kernel/services.ts";
import { requireUser } from "../api/kernel/view.ts";
import { requireCaller } from "../server/request.ts";
import { DeferredTools } from "./deferred-tools.ts";
import { hasProgressToken, isOperation, type JsonRpcMessage, readUpstreamAuthorization } from "./message.ts";
import { countMessage } from "./message-count.ts";

/** What the methods of `/mcp` use. */
export interface McpServices {
  readonly api: Services;
  readonly tools: UserTools;
  readonly toolPages: ToolPages;
  readonly calls: ToolCalls;
  readonly verifier: Pick<TokenVerifier, "verifyAgain">;
  /** Of calls of tools, prompts, resources and completions. */
  readonly quotas: SurfaceQuotas;
  /** Of all other messages. */
  readonly messageQuotas: SurfaceQuotas;
}

/** The endpoints: everything within reach of the user, or the part that one server or toolkit has. */
export type McpEndpoint = { readonly kind: "all" } | { readonly kind: "server" | "toolkit"; readonly slug: string };

/** How tools are listed: as themselves, by search, or as themselves up to 60. */
export type ListMode = "auto" | "tools" | "search";

/** One request to `/mcp`: who calls, and what that user may use now. */
export interface McpContext {
  readonly caller: Caller;
  readonly user: User;
  readonly mode: ListMode;
  readonly requestId: string;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** Resolved at the first call, so that `initialize` and notifications read nothing. */
  access(): Promise<EffectiveAccess>;
  /** @throws AppError not-found for a server or toolkit that does not exist or that the user may not use */
  selection(): Promise<ToolSelection>;
  /** Finds out again what the caller may use, for a request that takes long. */
  readonly grant: RenewableGrant;
  /** The error if the request is over a limit. */
  readonly limitExceeded: AppError | undefined;
  findAuthorization(slug: string): string | undefined;
  /** Absent if the response may be a stream of events. */
  readonly deferredTools: DeferredTools | undefined;
}

/**
 * Creates the context of a request, and counts it.
 * @throws AppError insufficient-scope; user-required; forbidden; invalid-request
 */
export function createMcpContext(
  req: Request,
  res: Response,
  message: JsonRpcMessage,
  endpoint: McpEndpoint,
  services: McpServices,
): McpContext {
  const caller = requireCaller(req);
  const user = requireUser(req, ["connect:read"]);
  const mode = readMode(req);
  const limitExceeded = countMessage(req, isOperation(message) ? services.quotas : services.messageQuotas);
  const gone = new AbortController(); // its signal is expensive, and created by those who use it
  res.once("close", () => {
    // Aborting creates an error with a stack, which most requests do not need.
    if (!res.writableFinished) gone.abort();
  });
  let access: Promise<EffectiveAccess> | undefined;
  let selection: Promise<ToolSelection> | undefined;
  const context: McpContext = {
    caller,
    user,
    mode,
    requestId: req.requestId,
    get signal() {
      return gone.signal;
    },
    access: () => {
      access ??= services.api.access.resolve(caller.organizationId, user.id, caller.restriction);
      return access;
    },
    selection: () => {
      selection ??= resolveSelection(endpoint, context.access, services.api);
      return selection;
    },
    grant: {
      key: JSON.stringify([caller.organizationId, caller.token?.hash ?? caller.actor.type, user.id, endpoint]),
      renew: async () => {
        const current = await services.verifier.verifyAgain(caller);
        const currentUser = current && (await services.api.users.get(caller.organizationId, user.id));
        if (!current || !currentUser?.active) return undefined;
        const renewed = await services.api.access.resolve(caller.organizationId, user.id, current.restriction);
        const renewedSelection = await resolveSelection(endpoint, async () => renewed, services.api);
        return { caller: current, access: renewed, selection: renewedSelection };
      },
    },
    limitExceeded,
    findAuthorization: (slug) => readUpstreamAuthorization(req, slug),
    deferredTools: hasProgressToken(message) ? undefined : new DeferredTools(services.toolPages),
  };
  return context;
}

const modes: readonly ListMode[] = ["auto", "tools", "search"];

function readMode({ query }: Request): ListMode {
  const { mode = "auto" } = query;
  const known = modes.find((each) => each === mode);
  if (known) return known;
  throw new AppError("invalid-request", `mode must be one of ${modes.join(", ")}.`);
}

async function resolveSelection(
  endpoint: McpEndpoint,
  resolveAccess: () => Promise<EffectiveAccess>,
  api: Services,
): Promise<ToolSelection> {
  if (endpoint.kind === "all") return { kind: "all" };
  const access = await resolveAccess();
  const { slug } = endpoint;
  if (endpoint.kind === "server") {
    const server = await api.mcpServers.get(access.organizationId, slug);
    if (server && access.canAccess("mcp-server", server)) return { kind: "server", server };
    throw new AppError("not-found", `There is no MCP server ${JSON.stringify(slug)} that this user may use.`);
  }
  for (const ownerId of [access.userId, undefined]) {
    const toolkit = await api.toolkits.get(access.organizationId, slug, ownerId);
    if (toolkit && access.canAccess("toolkit", toolkit)) return { kind: "toolkit", toolkit };
  }
  throw new AppError("not-found", `There is no toolkit ${JSON.stringify(slug)} that this user may use.`);
}
