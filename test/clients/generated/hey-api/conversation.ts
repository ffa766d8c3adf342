/** Uses the clients that @hey-api/openapi-ts generates from both documents, and prints what it observed as JSON. */
import * as organization from "./organization";
import { createClient as createOrganizationClient } from "./organization/client";
import * as user from "./user";
import { createClient as createUserClient } from "./user/client";

const { BASE_URL = "", ADMIN_TOKEN = "", CONNECT_TOKEN = "", USER_EMAIL = "", SLUG = "" } = process.env;
const baseUrl = BASE_URL;

async function main(): Promise<void> {
  const client = createOrganizationClient({ baseUrl, auth: ADMIN_TOKEN });
  const created = await organization.createMcpServer({
    client,
    body: {
      slug: SLUG,
      name: "Weather",
      transport: "http",
      url: "https://mcp.example.com",
      environment: "staging",
      status: "active",
      auth: { type: "apiKey", header: "X-Key" },
      assignment: { everyone: true },
    },
  });
  const { data: list } = await organization.listMcpServers({ client });
  const listed = list?.data.find(({ slug }) => slug === SLUG);
  const patched = await organization.patchMcpServer({ client, path: { id: SLUG }, body: { environment: null } });
  const { error: problem } = await organization.getMcpServer({ client, path: { id: "missing" } });

  const userClient = createUserClient({ baseUrl, auth: CONNECT_TOKEN, headers: { "x-user-email": USER_EMAIL } });
  const { data: usable } = await user.listMcpServers({ client: userClient });
  const skill = await user.createSkill({
    client: userClient,
    body: { slug: SLUG, name: "Review", content: "# Review", description: "Draft" },
  });
  const patchedSkill = await user.patchSkill({ client: userClient, path: { id: SLUG }, body: { description: null } });
  const { error: userProblem } = await user.getSkill({ client: userClient, path: { id: "missing" } });

  const report = {
    created: created.response?.status,
    everyone: listed?.assignment.everyone,
    header: listed?.auth.type === "apiKey" ? listed.auth.header : undefined,
    hasEnvironment: patched.data?.environment !== undefined,
    problem: problem?.type,
    isUsable: usable?.data.some(({ slug }) => slug === SLUG),
    skillCreated: skill.response?.status,
    hasDescription: patchedSkill.data?.description !== undefined,
    userProblem: userProblem?.type,
  };
  process.stdout.write(JSON.stringify(report));
}

void main();
