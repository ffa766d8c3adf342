import { expect } from "chai";
import fc from "fast-check";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Gateway, rpc, startGateway } from "./gateway.fixture.ts";

/** A small organization: who is assigned which server, command and skill, and who has a command and a skill of their own. */
interface Plan {
  readonly servers: readonly {
    readonly users: readonly number[];
    readonly everyone: boolean;
    readonly isDenied: boolean;
  }[];
  readonly commands: readonly { readonly users: readonly number[] }[];
  readonly ownCommands: readonly boolean[];
  readonly skills: readonly { readonly users: readonly number[] }[];
  readonly ownSkills: readonly boolean[];
}

const [organizationCount, userCount, serverCount, commandCount, skillCount] = [2, 3, 3, 2, 2];
const someUsers = fc.uniqueArray(fc.nat({ max: userCount - 1 }), { maxLength: userCount });
const exactly = <T>(element: fc.Arbitrary<T>, length: number): fc.Arbitrary<T[]> =>
  fc.array(element, { minLength: length, maxLength: length });
const plan: fc.Arbitrary<Plan> = fc.record({
  servers: exactly(fc.record({ users: someUsers, everyone: fc.boolean(), isDenied: fc.boolean() }), serverCount),
  commands: exactly(fc.record({ users: someUsers }), commandCount),
  ownCommands: exactly(fc.boolean(), userCount),
  skills: exactly(fc.record({ users: someUsers }), skillCount),
  ownSkills: exactly(fc.boolean(), userCount),
});

/** Every server has this tool, whose result has the secret of its organization and server. */
const tool = "reveal";

describeOnEngines("Isolation of users and organizations at /mcp", (open) => {
  let gateway: Gateway;
  before(async () => {
    gateway = await startGateway({ open });
  });
  after(() => gateway.dispose());

  it("holds for lists, calls, call_tool, search, prompts, resources, skills and completions of random organizations", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(exactly(plan, organizationCount), async (plans) => {
        run++;
        const organizations = await Promise.all(
          plans.map((each, at) => createOrganization(gateway, `run-${run}-${at}`, each, at)),
        );
        for (const [at, organization] of organizations.entries())
          for (const [userAt, secret] of organization.secrets.entries())
            await assertIsolated(gateway, secret, plans[at] as Plan, userAt, at);
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });
});

/** The names are the same in every organization, so that a mix-up cannot hide behind an unknown name. */
const serverSlug = (at: number): string => `server-${at}`;
const commandSlug = (at: number): string => `command-${at}`;
const skillSlug = (at: number): string => `skill-${at}`;
const descriptionOf = (organization: number, server: number): string =>
  `of-organization-${organization}-server-${server}`;

async function createOrganization(
  { service }: Gateway,
  slug: string,
  { servers, commands, ownCommands, skills, ownSkills }: Plan,
  at: number,
): Promise<{ readonly secrets: readonly string[] }> {
  const organizationId = await service.createOrganization(slug);
  const admin = await service.clientWithScopes(["all"], organizationId);
  const users: string[] = [];
  for (let index = 0; index < userCount; index++) {
    const user = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: `user-${index}@example.com` };
    users.push((await admin.post("/scim/v2/Users").send(user).expect(201)).body.id);
  }
  const assign = (indexes: readonly number[], everyone = false) => ({
    assignment: { everyone, groups: [], users: indexes.map((index) => users[index]) },
  });
  for (const [index, server] of servers.entries()) {
    await admin
      .put(`/api/mcp-servers/${serverSlug(index)}`)
      .send({
        ...{ name: serverSlug(index), status: "active", transport: "stdio", command: descriptionOf(at, index) },
        tools: [{ name: tool, description: descriptionOf(at, index) }],
        ...assign(server.users, server.everyone),
      })
      .expect(201);
    if (server.isDenied)
      await admin
        .put(`/api/policies/deny-${index}`)
        .send({
          ...{ name: "Deny", effect: "deny", subjects: { everyone: false, groups: [], users: [users[0]] } },
          resources: { mcpServers: [serverSlug(index)], tools: [], toolkits: [], skills: [], commands: [] },
        })
        .expect(201);
  }
  for (const [index, command] of commands.entries())
    await admin
      .put(`/api/commands/${commandSlug(index)}`)
      .send({ name: "Command", template: `of-organization-${at}`, ...assign(command.users) })
      .expect(201);
  for (const [index, skill] of skills.entries())
    await admin
      .put(`/api/skills/${skillSlug(index)}`)
      .send({ ...describeSkill(`of-organization-${at}`), ...assign(skill.users) })
      .expect(201);
  const secrets: string[] = [];
  for (const [index, userId] of users.entries()) {
    const { secret } = await service.issueToken({ scopes: ["connect:write"], type: "agent", userId }, organizationId);
    const own = service.clientWithSecret(secret);
    const owner = `of-organization-${at}-user-${index}`;
    if (ownCommands[index]) await own.put("/api/commands/own").send({ name: "Own", template: owner }).expect(201);
    if (ownSkills[index]) await own.put("/api/skills/own").send(describeSkill(owner)).expect(201);
    secrets.push(secret);
  }
  return { secrets };
}

/** A skill whose file names its owner. */
const describeSkill = (owner: string) => ({
  ...{ name: "Skill", description: "Reviews changes.", content: "# Review" },
  files: [{ path: "owner.md", content: owner }],
});

async function assertIsolated(
  gateway: Gateway,
  secret: string,
  { servers, commands, ownCommands, skills, ownSkills }: Plan,
  user: number,
  organization: number,
): Promise<void> {
  const send = async (method: string, params: object = {}, path = "") =>
    (await gateway.post(secret, rpc(method, params), { path })).body;
  const reachable = servers.flatMap(({ users, everyone, isDenied }, at) =>
    (everyone || users.includes(user)) && !(isDenied && user === 0) ? [at] : [],
  );
  const toolNames = reachable.map((at) => `${serverSlug(at)}__${tool}`);
  const descriptions = reachable.map((at) => descriptionOf(organization, at));

  const { result: list } = await send("tools/list");
  const listed = list.tools.filter(({ name }: { name: string }) => name.includes("__"));
  expect(listed.map(({ name }: { name: string }) => name)).to.deep.equal(toolNames);
  expect(listed.map(({ description }: { description: string }) => description)).to.deep.equal(descriptions);

  const { result: search } = await send("tools/call", { name: "search_tools", arguments: { query: tool } });
  expect(search.structuredContent.tools.map(({ name }: { name: string }) => name)).to.have.members(toolNames);
  expect(search.structuredContent.total).to.equal(toolNames.length);

  for (const at of servers.keys()) {
    const name = `${serverSlug(at)}__${tool}`;
    const isReachable = reachable.includes(at);
    const called = await send("tools/call", { name });
    const indirect = await send("tools/call", { name: "call_tool", arguments: { name } });
    const described = await send("tools/call", { name: "describe_tool", arguments: { name } });
    const resource = await send("resources/read", { uri: `gatehouse://mcp-servers/${serverSlug(at)}` });
    const endpoint = await gateway.post(secret, rpc("tools/list"), { path: `/servers/${serverSlug(at)}` });
    expect(endpoint.status).to.equal(isReachable ? 200 : 404);
    if (isReachable) {
      // The text of a stdio server names its command, which names its organization.
      for (const body of [called, indirect])
        expect(body.result.content[0].text).to.contain(descriptionOf(organization, at));
      expect(described.result.structuredContent.description).to.equal(descriptionOf(organization, at));
      expect(resource.result.contents[0].text).to.contain(descriptionOf(organization, at));
    } else {
      expect(called.error.code).to.equal(-32602);
      expect(indirect.result.isError).to.equal(true);
      expect(described.result.isError).to.equal(true);
      expect(resource.error.code).to.equal(-32602);
      for (const body of [called, indirect, described, resource, endpoint.body])
        expect(JSON.stringify(body)).to.not.contain("of-organization");
    }
  }

  const { result: completion } = await send("completion/complete", {
    ref: { type: "ref/resource", uri: "gatehouse://mcp-servers/{slug}" },
    argument: { name: "slug", value: "" },
  });
  expect(completion.completion.values).to.deep.equal(reachable.map(serverSlug));

  const assigned = commands.flatMap(({ users }, at) => (users.includes(user) ? [commandSlug(at)] : []));
  const promptNames = [...assigned, ...(ownCommands[user] ? ["own"] : [])];
  const { result: prompts } = await send("prompts/list");
  expect(prompts.prompts.map(({ name }: { name: string }) => name)).to.deep.equal(promptNames);
  for (const name of ["own", ...commands.keys()].map((each) => (typeof each === "number" ? commandSlug(each) : each))) {
    const body = await send("prompts/get", { name });
    if (!promptNames.includes(name)) expect(body.error.code).to.equal(-32602);
    else {
      const text = name === "own" ? `of-organization-${organization}-user-${user}` : `of-organization-${organization}`;
      expect(body.result.messages[0].content.text).to.equal(text);
    }
  }
  const assignedSkills = skills.flatMap(({ users }, at) => (users.includes(user) ? [skillSlug(at)] : []));
  const skillSlugs = [...assignedSkills, ...(ownSkills[user] ? ["own"] : [])];
  const { result: listedSkills } = await send("skills/list");
  expect(listedSkills.skills.map(({ uri }: { uri: string }) => uri)).to.have.members(
    skillSlugs.map((slug) => `skill://${slug}/SKILL.md`),
  );
  for (const slug of ["own", ...[...skills.keys()].map(skillSlug)]) {
    const entry = await send("skills/get", { uri: `skill://${slug}/SKILL.md` });
    const file = await send("resources/read", { uri: `skill://${slug}/owner.md` });
    if (skillSlugs.includes(slug)) {
      const owner = slug === "own" ? `of-organization-${organization}-user-${user}` : `of-organization-${organization}`;
      expect(file.result.contents[0].text).to.equal(owner);
      expect(entry.result.skill.uri).to.equal(`skill://${slug}/SKILL.md`);
    } else for (const { error } of [entry, file]) expect(error.code).to.equal(-32602);
  }
}
