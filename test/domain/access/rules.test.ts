import { expect } from "chai";
import { collections } from "../../../src/store/collections.ts";
import { openSqliteTestStore } from "../../store/sqlite/sqlite.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import type { ResourceKind } from "./access-oracle.fixture.ts";
import { ada, grace, listAccessible, listToolNames } from "./queries.fixture.ts";
import { assignTo, command, everyone, policy, server, skill, tool, toolkit, unassigned } from "./resources.fixture.ts";

/** Tests each rule of docs/decisions/0009-access.md separately; access.property.test.ts combines them. */
describe("Access rules for resources", () => {
  let testStore: TestStore;
  before(async () => {
    testStore = await openSqliteTestStore({ collections });
  });
  after(() => testStore.dispose());

  describe("assignment", () => {
    it("grants a resource to everyone, to a user, to a group and to the members of nested groups", async () => {
      const groups = [
        { id: "grp_inner", members: [ada] },
        { id: "grp_outer", members: ["grp_inner"] },
        { id: "grp_other", members: [grace] },
      ];
      const skills = [
        skill("all"),
        skill("hers", { assignment: assignTo({ users: [ada] }) }),
        skill("inner", { assignment: assignTo({ groups: ["grp_inner"] }) }),
        skill("outer", { assignment: assignTo({ groups: ["grp_outer"] }) }),
        skill("other", { assignment: assignTo({ groups: ["grp_other"] }) }),
        skill("none", { assignment: unassigned }),
      ];
      expect(await listAccessible(testStore.store, { groups, skill: skills }, ada, "skill")).to.deep.equal([
        "all",
        "hers",
        "inner",
        "outer",
      ]);
      expect(await listAccessible(testStore.store, { groups, skill: skills }, grace, "skill")).to.deep.equal([
        "all",
        "other",
      ]);
    });

    it("supports cycles of groups", async () => {
      const groups = [
        { id: "grp_a", members: [ada, "grp_b"] },
        { id: "grp_b", members: ["grp_a"] },
      ];
      const parts = { groups, skill: [skill("round", { assignment: assignTo({ groups: ["grp_b"] }) })] };
      expect(await listAccessible(testStore.store, parts, ada, "skill")).to.deep.equal(["round"]);
    });

    it("to a nested group grants nothing to the members of its parent group", async () => {
      const groups = [
        { id: "grp_inner", members: [] },
        { id: "grp_outer", members: ["grp_inner", ada] },
      ];
      const parts = { groups, skill: [skill("inner", { assignment: assignTo({ groups: ["grp_inner"] }) })] };
      expect(await listAccessible(testStore.store, parts, ada, "skill")).to.deep.equal([]);
    });
  });

  describe("policy", () => {
    const kinds = {
      "mcp-server": { resource: server("x", { assignment: unassigned }), resources: { mcpServers: ["x"] } },
      toolkit: { resource: toolkit("x", { assignment: unassigned }), resources: { toolkits: ["x"] } },
      skill: { resource: skill("x", { assignment: unassigned }), resources: { skills: ["x"] } },
      command: { resource: command("x", { assignment: unassigned }), resources: { commands: ["x"] } },
    };
    for (const [kind, { resource, resources }] of Object.entries(kinds)) {
      const assigned = { ...resource, assignment: everyone };
      const resourceKind = kind as ResourceKind;

      it(`that allows ${kind} x grants it only to its subjects, and only while it is enabled`, async () => {
        const subjects = assignTo({ users: [ada] });
        const allow = policy("allow", resources, { subjects });
        expect(
          await listAccessible(testStore.store, { [kind]: [resource], policies: [allow] }, ada, resourceKind),
        ).to.deep.equal(["x"]);
        expect(
          await listAccessible(testStore.store, { [kind]: [resource], policies: [allow] }, grace, resourceKind),
        ).to.deep.equal([]);
        const disabled = { ...allow, enabled: false };
        expect(
          await listAccessible(testStore.store, { [kind]: [resource], policies: [disabled] }, ada, resourceKind),
        ).to.deep.equal([]);
      });

      it(`that denies ${kind} x overrides assignments and allow policies, only for its subjects and while enabled`, async () => {
        const deny = policy("deny", resources, { subjects: assignTo({ users: [ada] }) });
        const policies = [policy("allow", resources), deny];
        expect(
          await listAccessible(testStore.store, { [kind]: [assigned], policies }, ada, resourceKind),
        ).to.deep.equal([]);
        expect(
          await listAccessible(testStore.store, { [kind]: [assigned], policies }, grace, resourceKind),
        ).to.deep.equal(["x"]);
        const disabled = [{ ...deny, enabled: false }];
        expect(
          await listAccessible(testStore.store, { [kind]: [assigned], policies: disabled }, ada, resourceKind),
        ).to.deep.equal(["x"]);
      });
    }

    it("that denies tools does not deny their server", async () => {
      const policies = [policy("deny", { mcpServers: ["x"], tools: ["x__*"] })];
      expect(
        await listAccessible(testStore.store, { "mcp-server": [server("x")], policies }, ada, "mcp-server"),
      ).to.deep.equal(["x"]);
    });
  });

  describe("draft or disabled command", () => {
    it("is available to no user, whatever grants it", async () => {
      const policies = [policy("allow", { mcpServers: ["d"], commands: ["off"] })];
      const servers = [server("d", { status: "draft" })];
      const commands = [command("off", { active: false })];
      expect(
        await listAccessible(testStore.store, { "mcp-server": servers, policies }, ada, "mcp-server"),
      ).to.deep.equal([]);
      expect(await listAccessible(testStore.store, { command: commands, policies }, ada, "command")).to.deep.equal([]);
      expect(
        await listToolNames(testStore.store, { "mcp-server": [server("d", { status: "draft", tools: [tool("a")] })] }),
      ).to.deep.equal([]);
    });

    it("stays visible to its owner, who can enable it", async () => {
      const commands = [command("off", { active: false, ownerId: ada })];
      expect(await listAccessible(testStore.store, { command: commands }, ada, "command")).to.deep.equal([
        "cmd_usr_adaoff",
      ]);
    });
  });

  describe("user-owned resource", () => {
    it("is available only to its owner, whatever its assignment and the policies are", async () => {
      const own = { ownerId: ada, assignment: everyone };
      const resources = { toolkits: ["x"], skills: ["x"], commands: ["x"] };
      const parts = { toolkit: [toolkit("x", own)], skill: [skill("x", own)], command: [command("x", own)] };
      for (const effect of ["allow", "deny"] as const) {
        const policies = [policy(effect, resources)];
        for (const kind of ["toolkit", "skill", "command"] as const) {
          expect(await listAccessible(testStore.store, { ...parts, policies }, ada, kind)).to.have.length(1);
          expect(await listAccessible(testStore.store, { ...parts, policies }, grace, kind)).to.deep.equal([]);
        }
      }
    });
  });
});
