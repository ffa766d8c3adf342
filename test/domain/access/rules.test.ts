import { expect } from "chai";
import { collections } from "../../../src/store/collections.ts";
import type { Opened } from "../../store/opened.ts";
import { openSqlite } from "../../store/sqlite-opened.ts";
import type { Kind } from "./naive.ts";
import { ada, grace, seen, toolsOf } from "./questions.ts";
import { command, everyone, nobody, policy, server, skill, to, tool, toolkit } from "./things.ts";

/** Each rule of docs/decisions/0009-access.md by itself; access.property.test.ts has them all at once. */
describe("The rules of access: what a user reaches", () => {
  let opened: Opened;
  before(async () => {
    opened = await openSqlite({ collections });
  });
  after(() => opened.dispose());

  describe("an assignment", () => {
    it("to everyone, to the user, to a group or to a group around it gives a thing", async () => {
      const groups = [
        { id: "grp_inner", members: [ada] },
        { id: "grp_outer", members: ["grp_inner"] },
        { id: "grp_other", members: [grace] },
      ];
      const skills = [
        skill("all"),
        skill("hers", { assignment: to({ users: [ada] }) }),
        skill("inner", { assignment: to({ groups: ["grp_inner"] }) }),
        skill("outer", { assignment: to({ groups: ["grp_outer"] }) }),
        skill("other", { assignment: to({ groups: ["grp_other"] }) }),
        skill("none", { assignment: nobody }),
      ];
      expect(await seen(opened.store, { groups, skill: skills }, ada, "skill")).to.deep.equal([
        "all",
        "hers",
        "inner",
        "outer",
      ]);
      expect(await seen(opened.store, { groups, skill: skills }, grace, "skill")).to.deep.equal(["all", "other"]);
    });

    it("goes through groups that hold each other, and ends", async () => {
      const groups = [
        { id: "grp_a", members: [ada, "grp_b"] },
        { id: "grp_b", members: ["grp_a"] },
      ];
      const things = { groups, skill: [skill("round", { assignment: to({ groups: ["grp_b"] }) })] };
      expect(await seen(opened.store, things, ada, "skill")).to.deep.equal(["round"]);
    });

    it("does not go down: who is in the outer group is not in the inner one", async () => {
      const groups = [
        { id: "grp_inner", members: [] },
        { id: "grp_outer", members: ["grp_inner", ada] },
      ];
      const things = { groups, skill: [skill("inner", { assignment: to({ groups: ["grp_inner"] }) })] };
      expect(await seen(opened.store, things, ada, "skill")).to.deep.equal([]);
    });
  });

  describe("a policy", () => {
    const kinds = {
      "mcp-server": { thing: server("x", { assignment: nobody }), resources: { mcpServers: ["x"] } },
      toolkit: { thing: toolkit("x", { assignment: nobody }), resources: { toolkits: ["x"] } },
      skill: { thing: skill("x", { assignment: nobody }), resources: { skills: ["x"] } },
      command: { thing: command("x", { assignment: nobody }), resources: { commands: ["x"] } },
    };
    for (const [kind, { thing, resources }] of Object.entries(kinds)) {
      const given = { ...thing, assignment: everyone };
      const of = kind as Kind;

      it(`that allows ${kind} x gives it to its subjects only, while it is enabled`, async () => {
        const subjects = to({ users: [ada] });
        const allow = policy("allow", resources, { subjects });
        expect(await seen(opened.store, { [kind]: [thing], policies: [allow] }, ada, of)).to.deep.equal(["x"]);
        expect(await seen(opened.store, { [kind]: [thing], policies: [allow] }, grace, of)).to.deep.equal([]);
        const off = { ...allow, enabled: false };
        expect(await seen(opened.store, { [kind]: [thing], policies: [off] }, ada, of)).to.deep.equal([]);
      });

      it(`that denies ${kind} x beats assignment and allowance, for its subjects only, while it is enabled`, async () => {
        const deny = policy("deny", resources, { subjects: to({ users: [ada] }) });
        const policies = [policy("allow", resources), deny];
        expect(await seen(opened.store, { [kind]: [given], policies }, ada, of)).to.deep.equal([]);
        expect(await seen(opened.store, { [kind]: [given], policies }, grace, of)).to.deep.equal(["x"]);
        const off = [{ ...deny, enabled: false }];
        expect(await seen(opened.store, { [kind]: [given], policies: off }, ada, of)).to.deep.equal(["x"]);
      });
    }

    it("that denies tools leaves their server", async () => {
      const policies = [policy("deny", { mcpServers: ["x"], tools: ["x__*"] })];
      expect(await seen(opened.store, { "mcp-server": [server("x")], policies }, ada, "mcp-server")).to.deep.equal([
        "x",
      ]);
    });
  });

  describe("a draft, and a command that is switched off,", () => {
    it("is nobody's, however it is given", async () => {
      const policies = [policy("allow", { mcpServers: ["d"], commands: ["off"] })];
      const servers = [server("d", { status: "draft" })];
      const commands = [command("off", { active: false })];
      expect(await seen(opened.store, { "mcp-server": servers, policies }, ada, "mcp-server")).to.deep.equal([]);
      expect(await seen(opened.store, { command: commands, policies }, ada, "command")).to.deep.equal([]);
      expect(
        await toolsOf(opened.store, { "mcp-server": [server("d", { status: "draft", tools: [tool("a")] })] }),
      ).to.deep.equal([]);
    });

    it("stays visible to its owner, who can switch it on", async () => {
      const commands = [command("off", { active: false, ownerId: ada })];
      expect(await seen(opened.store, { command: commands }, ada, "command")).to.deep.equal(["cmd_usr_adaoff"]);
    });
  });

  describe("what is a user's own", () => {
    it("is the owner's whatever policies say, and nobody else's whatever it or they say", async () => {
      const own = { ownerId: ada, assignment: everyone };
      const resources = { toolkits: ["x"], skills: ["x"], commands: ["x"] };
      const things = { toolkit: [toolkit("x", own)], skill: [skill("x", own)], command: [command("x", own)] };
      for (const effect of ["allow", "deny"] as const) {
        const policies = [policy(effect, resources)];
        for (const kind of ["toolkit", "skill", "command"] as const) {
          expect(await seen(opened.store, { ...things, policies }, ada, kind)).to.have.length(1);
          expect(await seen(opened.store, { ...things, policies }, grace, kind)).to.deep.equal([]);
        }
      }
    });
  });
});
