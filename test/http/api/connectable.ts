import type { Open } from "../../store/opened.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

/**
 * A service with people and servers to connect to: of ada and grace, both reach github and gitlab (OAuth 2.0) and jira,
 * grace payroll too, and nobody draft. The organisation elsewhere has an ada and a github of its own, and theirs.
 */
export interface Connectable {
  readonly service: Service;
  readonly admin: Agent;
  /** With connect:write. */
  readonly plugin: Agent;
  /** Of the organisation elsewhere, of users and of servers, by name. */
  readonly ids: Readonly<Record<string, string>>;
  /** Adds a server that everyone reaches. */
  server(slug: string, more?: object): Promise<void>;
  /** Asks as a user, below /api/connections; by the plugin where no other client is named. */
  as(userName: string, agent?: Agent): Pick<Agent, "get" | "put" | "delete" | "post">;
  /** The servers that a user is shown connections to. */
  listOf(userName: string): Promise<readonly string[]>;
  /** Deletes all connections. */
  clear(): Promise<void>;
}

export async function startConnectable(open: Open): Promise<Connectable> {
  const service = await startService({ open });
  const admin = await service.as(["admin:write"]);
  const plugin = await service.as(["connect:write"]);
  const ids: Record<string, string> = { elsewhere: await service.organization("elsewhere") };
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
  const as: Connectable["as"] = (userName, agent = plugin) => ({
    get: (path: string) => agent.get(`/api/connections${path}`).set("x-user-email", userName),
    put: (path: string) => agent.put(`/api/connections${path}`).set("x-user-email", userName),
    delete: (path: string) => agent.delete(`/api/connections${path}`).set("x-user-email", userName),
    post: (path: string) => agent.post(`/api/connections${path}`).set("x-user-email", userName),
  });

  for (const userName of ["ada", "grace"]) {
    ids[userName] = (await admin.post("/api/users").send({ userName }).expect(201)).body.id;
  }
  for (const slug of ["github", "gitlab"]) await server(slug, { auth: oauth2 });
  await server("jira");
  await server("payroll", { assignment: { users: [ids["grace"]] } });
  await server("draft", { status: "draft" });
  const others = await service.as(["admin:write"], ids["elsewhere"]);
  await others.post("/api/users").send({ userName: "ada" }).expect(201);
  await add(others, "github", { auth: oauth2 });
  ids["theirs"] = await add(others, "theirs", {});
  return {
    ...{ service, admin, plugin, ids, server, as },
    listOf: async (userName) => serversOf(await as(userName).get("").expect(200)),
    clear: async () => {
      const { body } = await admin.get("/api/connections").query({ limit: 100 }).expect(200);
      for (const { id } of body.data) await admin.delete(`/api/connections/${id}`).expect(204);
    },
  };
}

/** The servers of the connections on a page. */
export const serversOf = ({ body }: { body: { data: { mcpServer: string }[] } }): readonly string[] =>
  body.data.map(({ mcpServer }) => mcpServer);

const oauth2 = {
  type: "oauth2",
  authorizationUrl: "https://as.example/authorize?tenant=acme",
  tokenUrl: "https://as.example/token",
  clientId: "client",
  redirectUri: "https://plugin.example/callback",
  scopes: ["repo"],
};
