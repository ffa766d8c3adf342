import { expect } from "chai";
import { collections } from "../../../src/store/collections.ts";
import { openSqliteTestStore } from "../../store/sqlite/sqlite.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import type { OrganizationData, ResourceKind } from "./access-oracle.fixture.ts";
import { ada } from "./queries.fixture.ts";
import {
  assignTo,
  buildOrganization,
  command,
  everyone,
  policy,
  server,
  skill,
  tool,
  unassigned,
} from "./resources.fixture.ts";
import { storeOrganization } from "./stored-organization.fixture.ts";

describe("Access explanation", () => {
  let testStore: TestStore;
  before(async () => {
    testStore = await openSqliteTestStore({ collections });
  });
  after(() => testStore.dispose());

  const explain = async (parts: Partial<OrganizationData>, kind: ResourceKind = "skill") => {
    const { organizationId, access } = await storeOrganization(testStore.store, buildOrganization(parts));
    return (await access.explain(organizationId, ada, kind, { limit: 100 })).items;
  };
  const group = (id: string) => ({ id, displayName: `Group ${id}` });

  it("lists every way in which an assignment includes the user, groups by the shortest path", async () => {
    const groups = [
      { id: "grp_a", members: [ada] },
      { id: "grp_b", members: ["grp_a"] },
      { id: "grp_c", members: ["grp_b", "grp_d"] },
      { id: "grp_d", members: [ada, "grp_c"] },
      { id: "grp_e", members: [] },
    ];
    const assignment = assignTo({ everyone: true, users: [ada], groups: ["grp_c", "grp_b", "grp_a", "grp_e"] });
    const [explanation] = await explain({ groups, skill: [skill("x", { assignment })] });
    expect(explanation).to.deep.equal({
      ...{ id: "skl_x", slug: "x", name: "x", verdict: "allowed", policies: [] },
      assignments: [
        { by: "everyone" },
        { by: "user" },
        { by: "group", path: [group("grp_a")] },
        { by: "group", path: [group("grp_d"), group("grp_c")] },
        { by: "group", path: [group("grp_a"), group("grp_b")] },
      ],
    });
  });

  it("lists the policies that allow or deny a resource, deny policies first, each with the subject that includes the user", async () => {
    const groups = [{ id: "grp_a", members: [ada] }];
    const resources = { skills: ["x"] };
    const allow = policy("allow", resources);
    const deny = policy("deny", resources, { subjects: assignTo({ groups: ["grp_a"] }) });
    const others = policy("deny", resources, { slug: "others", subjects: assignTo({ users: ["usr_other"] }) });
    const off = policy("deny", resources, { slug: "off", enabled: false });
    const skills = [skill("x", { assignment: unassigned })];
    const [explanation] = await explain({ groups, skill: skills, policies: [allow, deny, others, off] });
    expect(explanation).to.deep.include({ verdict: "denied", assignments: [] });
    expect(explanation?.policies).to.deep.equal([
      ...[
        {
          id: "pol_deny",
          slug: "deny",
          name: "deny",
          effect: "deny",
          through: { by: "group", path: [group("grp_a")] },
        },
      ],
      ...[{ id: "pol_allow", slug: "allow", name: "allow", effect: "allow", through: { by: "everyone" } }],
    ]);
  });

  it("distinguishes inactive from denied resources, and omits resources that are neither granted nor denied", async () => {
    const draft = [server("draft", { status: "draft" }), server("nobodys", { assignment: unassigned })];
    const verdicts = async (parts: Partial<OrganizationData>, kind: ResourceKind) =>
      (await explain(parts, kind)).map(({ slug, verdict }) => `${slug} ${verdict}`);
    expect(await verdicts({ "mcp-server": draft }, "mcp-server")).to.deep.equal(["draft inactive"]);
    const commands = [command("denied"), command("off", { active: false }), command("on")];
    const policies = [policy("deny", { commands: ["denied"] })];
    expect(await verdicts({ command: commands, policies }, "command")).to.deep.equal([
      ...["denied denied", "off inactive", "on allowed"],
    ]);
  });

  it("includes the user's own resources, and no other user's, whatever policies name their slugs", async () => {
    const skills = [skill("x", { ownerId: ada }), skill("x", { ownerId: "usr_other", assignment: everyone })];
    const policies = [policy("deny", { skills: ["x"] })];
    expect(await explain({ skill: skills, policies })).to.deep.equal([
      {
        ...{ id: "skl_usr_adax", slug: "x", name: "x", ownerId: ada },
        verdict: "allowed",
        assignments: [],
        policies: [],
      },
    ]);
  });

  it("reports for each tool of a server whether the user may use it, and which policy decides", async () => {
    const tools = [tool("read"), tool("write"), tool("delete"), tool("off", false)];
    const policies = [
      policy("allow", { mcpServers: ["x"], tools: ["x__read", "x__delete", "x__off"] }),
      policy("deny", { tools: ["*__delete"] }),
    ];
    const [explanation] = await explain(
      { "mcp-server": [server("x", { tools, assignment: unassigned })], policies },
      "mcp-server",
    );
    expect(explanation?.tools).to.deep.equal([
      { name: "read", risk: "write", verdict: "allowed", policy: "allow" },
      { name: "write", risk: "write", verdict: "not-given" },
      { name: "delete", risk: "write", verdict: "denied", policy: "deny" },
      { name: "off", risk: "write", verdict: "inactive" },
    ]);
    const denied = [...policies, policy("deny", { mcpServers: ["x"] }, { slug: "whole" })];
    const [whole] = await explain({ "mcp-server": [server("x", { tools })], policies: denied }, "mcp-server");
    expect(whole).to.include({ verdict: "denied" }).and.to.not.have.property("tools");
  });

  it("lists only what a name or slug contains, and what would be granted in another group or without a policy", async () => {
    const groups = [
      { id: "grp_a", members: ["grp_b"] },
      { id: "grp_b", members: [] },
    ];
    const assignment = assignTo({ groups: ["grp_a"] });
    const skills = [
      skill("one", { assignment }),
      skill("two", { name: "Second One" }),
      skill("three", { assignment: unassigned }),
    ];
    const policies = [policy("deny", { skills: ["two"] })];
    const organization = buildOrganization({ groups, skill: skills, policies });
    const { organizationId, access } = await storeOrganization(testStore.store, organization);
    const list = async (filter: Parameters<typeof access.explain>[4]) =>
      (await access.explain(organizationId, ada, "skill", { limit: 100 }, filter)).items;
    const verdicts = async (filter: Parameters<typeof access.explain>[4]) =>
      (await list(filter)).map(({ slug, verdict }) => `${slug} ${verdict}`);
    expect(await verdicts({})).to.deep.equal(["two denied"]);
    expect(await verdicts({ name: "Second" })).to.deep.equal(["two denied"]);
    expect(await verdicts({ name: "TW" })).to.deep.equal(["two denied"]);
    expect(await verdicts({ name: "other" })).to.deep.equal([]);
    const hypothesis = { groupIds: ["grp_b"], disabledPolicyIds: ["pol_deny"] };
    expect(await verdicts({ hypothesis })).to.deep.equal(["one allowed", "two allowed"]);
    const [one] = await list({ hypothesis, name: "one" });
    expect(one?.assignments).to.deep.equal([{ by: "group", path: [group("grp_b"), group("grp_a")] }]);
  });

  it("is limited to 20 policies and the 20 shortest paths", async () => {
    const ids = Array.from({ length: 30 }, (_, at) => `grp_${at}`);
    const groups = ids.map((id, at) => ({ id, members: at === 29 ? [ada] : [ids[at + 1] ?? ""] }));
    const policies = ids.map((slug, at) =>
      policy(at < 25 ? "allow" : "deny", { skills: ["x"] }, { slug: slug.replace("_", "-") }),
    );
    const [explanation] = await explain({
      groups,
      policies,
      skill: [skill("x", { assignment: assignTo({ groups: ids }) })],
    });
    expect(explanation?.assignments.map((each) => each.by === "group" && each.path.length)).to.deep.equal(
      Array.from({ length: 20 }, (_, at) => at + 1),
    );
    expect(explanation?.policies.filter(({ effect }) => effect === "deny")).to.have.length(5);
    expect(explanation?.policies).to.have.length(20);
  });
});
