import { expect } from "chai";
import { collections } from "../../../src/store/collections.ts";
import type { Opened } from "../../store/opened.ts";
import { openSqlite } from "../../store/sqlite-opened.ts";
import type { Kind, World } from "./naive.ts";
import { ada } from "./questions.ts";
import { storeWorld } from "./stored-world.ts";
import { command, everyone, nobody, policy, server, skill, to, tool, worldOf } from "./things.ts";

describe("An explanation of access", () => {
  let opened: Opened;
  before(async () => {
    opened = await openSqlite({ collections });
  });
  after(() => opened.dispose());

  const explained = async (parts: Partial<World>, kind: Kind = "skill") => {
    const { organizationId, access } = await storeWorld(opened.store, worldOf(parts));
    return (await access.explain(organizationId, ada, kind, { limit: 100 })).items;
  };
  const group = (id: string) => ({ id, displayName: `Group ${id}` });

  it("names every way by which an assignment reaches the user: everyone, the user, groups by the shortest path", async () => {
    const groups = [
      { id: "grp_a", members: [ada] },
      { id: "grp_b", members: ["grp_a"] },
      { id: "grp_c", members: ["grp_b", "grp_d"] },
      { id: "grp_d", members: [ada, "grp_c"] },
      { id: "grp_e", members: [] },
    ];
    const assignment = to({ everyone: true, users: [ada], groups: ["grp_c", "grp_b", "grp_a", "grp_e"] });
    const [only] = await explained({ groups, skill: [skill("x", { assignment })] });
    expect(only).to.deep.equal({
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

  it("names the policies that give or deny a thing, denials first, each with how it speaks of the user", async () => {
    const groups = [{ id: "grp_a", members: [ada] }];
    const resources = { skills: ["x"] };
    const allow = policy("allow", resources);
    const deny = policy("deny", resources, { subjects: to({ groups: ["grp_a"] }) });
    const others = policy("deny", resources, { slug: "others", subjects: to({ users: ["usr_other"] }) });
    const off = policy("deny", resources, { slug: "off", enabled: false });
    const skills = [skill("x", { assignment: nobody })];
    const [only] = await explained({ groups, skill: skills, policies: [allow, deny, others, off] });
    expect(only).to.deep.include({ verdict: "denied", assignments: [] });
    expect(only?.policies).to.deep.equal([
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

  it("tells a draft and a switched-off command from what is denied, and leaves out what is neither given nor denied", async () => {
    const draft = [server("draft", { status: "draft" }), server("nobodys", { assignment: nobody })];
    const verdicts = async (parts: Partial<World>, kind: Kind) =>
      (await explained(parts, kind)).map(({ slug, verdict }) => `${slug} ${verdict}`);
    expect(await verdicts({ "mcp-server": draft }, "mcp-server")).to.deep.equal(["draft inactive"]);
    const commands = [command("denied"), command("off", { active: false }), command("on")];
    const policies = [policy("deny", { commands: ["denied"] })];
    expect(await verdicts({ command: commands, policies }, "command")).to.deep.equal([
      ...["denied denied", "off inactive", "on allowed"],
    ]);
  });

  it("has the user's own things, and nobody else's, whatever policies say of their slugs", async () => {
    const skills = [skill("x", { ownerId: ada }), skill("x", { ownerId: "usr_other", assignment: everyone })];
    const policies = [policy("deny", { skills: ["x"] })];
    expect(await explained({ skill: skills, policies })).to.deep.equal([
      {
        ...{ id: "skl_usr_adax", slug: "x", name: "x", ownerId: ada },
        verdict: "allowed",
        assignments: [],
        policies: [],
      },
    ]);
  });

  it("says of each tool of a server whether the user may use it, and which policy decides", async () => {
    const tools = [tool("read"), tool("write"), tool("delete"), tool("off", false)];
    const policies = [
      policy("allow", { mcpServers: ["x"], tools: ["x__read", "x__delete", "x__off"] }),
      policy("deny", { tools: ["*__delete"] }),
    ];
    const [only] = await explained(
      { "mcp-server": [server("x", { tools, assignment: nobody })], policies },
      "mcp-server",
    );
    expect(only?.tools).to.deep.equal([
      { name: "read", verdict: "allowed", policy: "allow" },
      { name: "write", verdict: "not-given" },
      { name: "delete", verdict: "denied", policy: "deny" },
      { name: "off", verdict: "inactive" },
    ]);
    const denied = [...policies, policy("deny", { mcpServers: ["x"] }, { slug: "whole" })];
    const [whole] = await explained({ "mcp-server": [server("x", { tools })], policies: denied }, "mcp-server");
    expect(whole).to.include({ verdict: "denied" }).and.to.not.have.property("tools");
  });

  it("tells of the nearest twenty where there are more ways or policies", async () => {
    const ids = Array.from({ length: 30 }, (_, at) => `grp_${at}`);
    const groups = ids.map((id, at) => ({ id, members: at === 29 ? [ada] : [ids[at + 1] ?? ""] }));
    const policies = ids.map((slug, at) =>
      policy(at < 25 ? "allow" : "deny", { skills: ["x"] }, { slug: slug.replace("_", "-") }),
    );
    const [only] = await explained({ groups, policies, skill: [skill("x", { assignment: to({ groups: ids }) })] });
    expect(only?.assignments.map((each) => each.by === "group" && each.path.length)).to.deep.equal(
      Array.from({ length: 20 }, (_, at) => at + 1),
    );
    expect(only?.policies.filter(({ effect }) => effect === "deny")).to.have.length(5);
    expect(only?.policies).to.have.length(20);
  });
});
