import type { Agent, Service } from "../../support/service.ts";

/** Ada, an engineer, and Grace, in an organization with resources of which each may use some. */
export interface DirectoryFixture {
  readonly admin: Agent;
  /** The ids of the users. */
  readonly ada: string;
  readonly grace: string;
  /** A client that acts as this user. */
  as(email: string): Pick<Agent, "get" | "post" | "put" | "patch" | "delete">;
  readonly plugin: Agent;
}

export async function createDirectoryFixture(service: Service): Promise<DirectoryFixture> {
  const admin = await service.clientWithScopes(["admin:write"]);
  const plugin = await service.clientWithScopes(["connect:write"]);
  const createUser = async (userName: string, email: string): Promise<string> =>
    (
      await admin
        .post("/api/users")
        .send({ userName, emails: [{ value: email, primary: true }] })
        .expect(201)
    ).body.id;
  const ada = await createUser("ada", "Ada.Lovelace@example.com");
  const grace = await createUser("grace", "grace@example.com");
  const createGroup = (displayName: string) => admin.post("/api/groups").send({ displayName }).expect(201);
  const engineers = (await createGroup("engineers")).body.id;
  const everybody = (await createGroup("everybody")).body.id;
  await admin
    .post(`/api/groups/${engineers}/members`)
    .send({ members: [ada] })
    .expect(200);
  await admin
    .post(`/api/groups/${everybody}/members`)
    .send({ members: [engineers] })
    .expect(200);
  const createServer = (slug: string, more: object) =>
    admin
      .post("/api/mcp-servers")
      .send({ slug, name: slug, transport: "http", url: "https://mcp.example", status: "active", ...more })
      .expect(201);
  const tools = [
    { name: "search", risk: "read" },
    { name: "delete_repo", risk: "destructive" },
    { name: "old", enabled: false },
  ];
  await createServer("github", { environment: "production", assignment: { groups: [everybody] }, tools });
  await createServer("jira", { environment: "staging", assignment: { everyone: true } });
  await createServer("draft", { status: "draft", assignment: { everyone: true } });
  await createServer("payroll", { assignment: { users: [grace] } });
  await createServer("secret", {});
  await admin
    .post("/api/policies")
    .send({
      slug: "no-deletes",
      name: "No deletes",
      effect: "deny",
      subjects: { everyone: true },
      resources: { tools: ["*__delete_*"] },
    })
    .expect(201);
  await admin
    .post("/api/skills")
    .send({ slug: "review", name: "Review", content: "# Review", assignment: { groups: [engineers] } })
    .expect(201);
  await admin
    .post("/api/commands")
    .send({ slug: "greet", name: "Greet", template: "Hi", assignment: { everyone: true } })
    .expect(201);
  await admin
    .post("/api/commands")
    .send({ slug: "off", name: "Off", template: "Hi", active: false, assignment: { everyone: true } })
    .expect(201);
  await admin
    .post("/api/toolkits")
    .send({
      slug: "work",
      name: "Work",
      entries: [{ mcpServer: "github" }, { mcpServer: "payroll" }, { mcpServer: "jira" }],
      skills: ["review"],
      commands: ["greet"],
      assignment: { everyone: true },
    })
    .expect(201);
  return {
    admin,
    plugin,
    ada,
    grace,
    as: (email) => ({
      get: (path: string) => plugin.get(path).set("x-user-email", email),
      post: (path: string) => plugin.post(path).set("x-user-email", email),
      put: (path: string) => plugin.put(path).set("x-user-email", email),
      patch: (path: string) => plugin.patch(path).set("x-user-email", email),
      delete: (path: string) => plugin.delete(path).set("x-user-email", email),
    }),
  };
}

export const toSlugs = ({ body }: { body: { data: { slug: string }[] } }): string[] =>
  body.data.map(({ slug }) => slug);
