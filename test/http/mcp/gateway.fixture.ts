import type { Tool } from "../../../schemas/mcp-server.ts";
import type { NewToken } from "../../../src/domain/tokens/issue/new-token.ts";
import type { OpenTestStore } from "../../store/test-store.fixture.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";
import { startUpstreamServer, type UpstreamServer, type UpstreamTool } from "./upstream.fixture.ts";

/** The service with an MCP server behind it, and users. */
export interface Gateway {
  readonly service: Service;
  readonly admin: Agent;
  readonly upstream: UpstreamServer;
  /** The URL of `/mcp`. */
  readonly url: URL;
  /** Creates a user. @returns its id */
  createUser(userName: string): Promise<string>;
  /** Creates a personal token. @returns its secret */
  createToken(userId: string, options?: Partial<NewToken>): Promise<string>;
  /** Creates or replaces an MCP server, by default one that every user may use and that is the upstream server. */
  putServer(slug: string, tools: readonly Partial<Tool>[], fields?: object): Promise<void>;
  /** Creates the command `greet`, a prompt with one required argument, for every user. */
  putGreetCommand(): Promise<void>;
  /** Returns the variables of a program that uses `/mcp` with a token and revokes it in mid-session. */
  describeSession(token: { readonly id: string; readonly secret: string }): Promise<Record<string, string>>;
  /** Sends one JSON-RPC message. */
  post(secret: string | undefined, message: unknown, options?: PostOptions): Promise<JsonRpcReply>;
  /** Sends one request of protocol 2026-07-28. */
  postStateless(
    secret: string,
    method: string,
    params: { readonly _meta?: object; readonly [name: string]: unknown },
    clientCapabilities?: object,
  ): Promise<JsonRpcReply>;
  dispose(): Promise<void>;
}

interface PostOptions {
  /** After `/mcp`. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A response to a message. `body` is undefined if there is none. */
export interface JsonRpcReply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  readonly body: any;
}

const everyone = { assignment: { everyone: true, groups: [], users: [] } };

/** The tools of the upstream server. */
const upstreamTools: Readonly<Record<string, UpstreamTool>> = {
  echo: (values) => ({ content: [{ type: "text", text: JSON.stringify(values) }] }),
  sum: ({ a, b }) => ({ content: [{ type: "text", text: "sum" }], structuredContent: { sum: Number(a) + Number(b) } }),
  names: () => ({ content: [], structuredContent: ["a", "b"] }),
  fails: () => ({ content: [{ type: "text", text: "no such file" }], isError: true }),
  count: async (_, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of [1, 2])
      if (progressToken !== undefined)
        await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 2 } });
    return { content: [{ type: "text", text: "counted" }] };
  },
};

/** Starts the service in front of an MCP server with the tools echo, sum, names, fails and count. */
export async function startGateway({
  open,
  tools = {},
  environment,
  accepts,
  ...options
}: {
  readonly open?: OpenTestStore;
  readonly environment?: Readonly<Record<string, string>>;
  readonly now?: () => number;
  /** Further tools of the upstream server. */
  readonly tools?: Readonly<Record<string, UpstreamTool>>;
  /** Whether the upstream server accepts an Authorization header. */
  readonly accepts?: (authorization: string | undefined) => boolean;
} = {}): Promise<Gateway> {
  const upstream = await startUpstreamServer({ ...upstreamTools, ...tools }, accepts);
  const service = await startService({
    ...options,
    ...(open && { open }),
    environment: { UPSTREAM_ALLOW: "127.0.0.0/8", ...environment },
  });
  const admin = await service.clientWithScopes(["all"]);
  const url = new URL(`http://127.0.0.1:${service.port}/mcp`);
  const gateway: Gateway = {
    service,
    admin,
    upstream,
    url,
    createUser: async (userName) => {
      const user = { schemas: [userUrn], userName, active: true };
      return (await admin.post("/scim/v2/Users").send(user).expect(201)).body.id;
    },
    createToken: async (userId, token = {}) =>
      (await service.issueToken({ scopes: ["connect:write"], type: "agent", userId, ...token })).secret,
    putServer: async (slug, serverTools, fields = {}) => {
      const server = { name: slug, status: "active", transport: "http", url: upstream.url, tools: serverTools };
      const { status, text } = await admin.put(`/api/mcp-servers/${slug}`).send({ ...server, ...everyone, ...fields });
      if (status !== 200 && status !== 201) throw new Error(text);
    },
    putGreetCommand: async () => {
      const argument = { name: "who", required: true };
      const command = { name: "Greet", template: "Greet {{who}}.", arguments: [argument], ...everyone };
      await admin.put("/api/commands/greet").send(command).expect(201);
    },
    describeSession: async ({ id, secret }) => ({
      ...{ MCP_URL: String(url), TOKEN: secret, ADMIN_TOKEN: (await service.issueToken({ scopes: ["all"] })).secret },
      REVOKE_URL: `http://127.0.0.1:${service.port}/api/tokens/${id}`,
    }),
    post: async (secret, message, { path = "", headers = {} } = {}) => {
      const response = await fetch(`${url}${path}`, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          ...(secret !== undefined && { Authorization: `Bearer ${secret}` }),
          ...headers,
        },
        body: typeof message === "string" ? message : JSON.stringify(message),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
    },
    postStateless: (secret, method, { _meta = {}, ...params }, clientCapabilities = {}) => {
      const envelope = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": clientCapabilities,
        "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
      };
      const headers = {
        ...{ "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method },
        ...(typeof params["name"] === "string" && { "Mcp-Name": params["name"] }),
      };
      return gateway.post(secret, rpc(method, { ...params, _meta: { ..._meta, ...envelope } }), { headers });
    },
    dispose: async () => {
      await service.dispose();
      await upstream.close();
    },
  };
  return gateway;
}

/** A request with the id 7. */
export const rpc = (method: string, params: object = {}): object => ({ jsonrpc: "2.0", id: 7, method, params });
