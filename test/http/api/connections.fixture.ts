import type { OpenTestStore } from "../../store/test-store.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

/**
 * A service with users and MCP servers: ada and grace may use github and gitlab (OAuth 2.0) and jira, grace also payroll,
 * and neither draft. The organization `elsewhere` has its own ada and github, and a server `theirs`.
 */
export interface ConnectionsFixture {
  readonly service: Service;
  readonly admin: Agent;
  /** A client with connect:write. */
  readonly plugin: Agent;
  /** The ids of the organization `elsewhere`, of users and of servers, by name. */
  readonly ids: Readonly<Record<string, string>>;
  /** Creates a server that is assigned to everyone. */
  server(slug: string, more?: object): Promise<void>;
  /** Sends requests below /api/connections as a user, by default from the plugin. */
  as(userName: string, agent?: Agent): Pick<Agent, "get" | "put" | "delete" | "post">;
  /** The servers of a user's connections. */
  listServers(userName: string): Promise<readonly string[]>;
  /** Deletes all connections. */
  deleteAll(): Promise<void>;
}

export async function startConnectionsFixture(open: OpenTestStore): Promise<ConnectionsFixture> {
  const service = await startService({ open });
  const admin = await service.clientWithScopes(["admin:write"]);
  const plugin = await service.clientWithScopes(["connect:write"]);
  const ids: Record<string, string> = { elsewhere: await service.createOrganization("elsewhere") };
  const shared = { transport: "http", url: "https://mcp.example", status: "active", assignment: { everyone: true } };
  const add = async (agent: Agent, slug: string, more: object): Promise<string> =>
    (
      await agent
        .post("/api/mcp-servers")
        .send({ slug, name: slug, ...shared, ...more })
        .expect(201)
    ).body.id;
  const server = async (slug: string, more: object = {}): Promise<void> => {
    ids[slug] = await add(admin, slug, more);
  };
  const as: ConnectionsFixture["as"] = (userName, agent = plugin) => ({
    get: (path: string) => agent.get(`/api/connections${path}`).set("x-user-email", userName),
    put: (path: string) => agent.put(`/api/connections${path}`).set("x-user-email", userName),
    delete: (path: string) => agent.delete(`/api/connections${path}`).set("x-user-email", userName),
    post: (path: string) => agent.post(`/api/connections${path}`).set("x-user-email", userName),
  });

  for (const userName of ["ada", "grace"]) {
    ids[userName] = (await admin.post("/api/users").send({ userName }).expect(201)).body.id;
  }
  for (const slug of ["github", "gitlab"]) await server(slug, { auth: oauth2Auth });
  await server("jira");
  await server("payroll", { assignment: { users: [ids["grace"]] } });
  await server("draft", { status: "draft" });
  const others = await service.clientWithScopes(["admin:write"], ids["elsewhere"]);
  await others.post("/api/users").send({ userName: "ada" }).expect(201);
  await add(others, "github", { auth: oauth2Auth });
  ids["theirs"] = await add(others, "theirs", {});
  return {
    ...{ service, admin, plugin, ids, server, as },
    listServers: async (userName) => toServerSlugs(await as(userName).get("").expect(200)),
    deleteAll: async () => {
      const { body } = await admin.get("/api/connections").query({ limit: 100 }).expect(200);
      for (const { id } of body.data) await admin.delete(`/api/connections/${id}`).expect(204);
    },
  };
}

/** The servers of the connections on a page. */
export const toServerSlugs = ({ body }: { body: { data: { mcpServer: string }[] } }): readonly string[] =>
  body.data.map(({ mcpServer }) => mcpServer);

const oauth2Auth = {
  type: "oauth2",
  authorizationUrl: "https://as.example/authorize?tenant=acme",
  tokenUrl: "https://as.example/token",
  clientId: "client",
  redirectUri: "https://plugin.example/callback",
  scopes: ["repo"],
};
