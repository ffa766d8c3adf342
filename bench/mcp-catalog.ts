import { userUrn } from "../test/support/service.ts";
import { send } from "./load.ts";

/** AUTH_SECRET of the measured service. */
export const authSecret = "a-secret-of-the-benchmark-0123456789-abc";

/** A user of the benchmark. */
export interface BenchUser {
  readonly id: string;
  /** A personal token. */
  readonly secret: string;
}

/** The MCP servers of an organization, and the users who may use their tools. */
export interface McpCatalog {
  /** Number of tools in the catalog at first, and after it has grown. */
  readonly smallSize: number;
  readonly largeSize: number;
  /** May use the 20 tools of the small catalog. */
  readonly ada: BenchUser;
  /** May use 1,000 tools of the large catalog. */
  readonly grace: BenchUser;
  /** May use 10,000 tools of the large catalog. */
  readonly alan: BenchUser;
  /** Adds the MCP servers of the large catalog. */
  grow(): Promise<void>;
}

const [ownTools, toolsPerServer, graceServers, servers] = [20, 50, 20, 200];

/**
 * Creates the users and the small catalog through the API.
 * @param port of the service, whose AUTH_SECRET is `authSecret`
 * @param upstreamUrl the MCP server behind every entry of the catalog
 * @throws Error for a response that is not a success
 */
export async function createCatalog(port: number, upstreamUrl: string): Promise<McpCatalog> {
  const users = { ada: await createUser("ada"), grace: await createUser("grace"), alan: await createUser("alan") };
  await putServer("own", ownTools, [users.ada.id]);
  return {
    ...users,
    smallSize: ownTools,
    largeSize: ownTools + servers * toolsPerServer,
    grow: async () => {
      for (let at = 0; at < servers; at++)
        await putServer(`server-${at}`, toolsPerServer, [
          users.alan.id,
          ...(at < graceServers ? [users.grace.id] : []),
        ]);
    },
  };

  async function createUser(name: string): Promise<BenchUser> {
    const user = { schemas: [userUrn], userName: `${name}@example.com`, active: true };
    const { id } = await write("POST", "/scim/v2/Users", user, "application/scim+json");
    const request = { name, type: "agent", scopes: ["connect:read", "connect:call"], userId: id };
    const { token: secret } = await write("POST", "/api/tokens", request);
    return { id: String(id), secret: String(secret) };
  }

  async function putServer(slug: string, tools: number, userIds: readonly string[]): Promise<void> {
    await write("PUT", `/api/mcp-servers/${slug}`, {
      ...{ name: slug, status: "active", transport: "http", url: upstreamUrl },
      tools: Array.from({ length: tools }, (_, at) => describeTool(`tool_${at}`)),
      assignment: { everyone: false, groups: [], users: userIds },
    });
  }

  async function write(method: string, path: string, content: object, type = "application/json") {
    const body = JSON.stringify(content);
    const headers = { authorization: `Bearer ${authSecret}`, "content-type": type };
    const { status, text } = await send(port, { method, path, headers, body, status: 201, expectedText: "" });
    if (status !== 201) throw new Error(`${method} ${path} returned ${status} ${text.slice(0, 500)}`);
    return JSON.parse(text) as Record<string, unknown>;
  }
}

/** A tool of about 450 characters, as many as tools have on average. */
const describeTool = (name: string) => ({
  name,
  description: "Searches the issues of a project, and returns the first of them with title, status and author.",
  inputSchema: {
    type: "object",
    properties: {
      project: { type: "string", description: "The key of the project." },
      query: { type: "string", description: "Words that the title or the description contains." },
      limit: { type: "integer", minimum: 1, maximum: 100, description: "The maximum number of issues." },
    },
    required: ["project", "query"],
  },
  risk: "read",
});
