import { expect } from "chai";
import type { Restriction } from "../../../src/domain/caller.ts";
import { collections } from "../../../src/store/collections.ts";
import { openSqliteTestStore } from "../../store/sqlite/sqlite.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import { ada, filterOnlyToolkit, listAccessible, listToolNames } from "./queries.fixture.ts";
import { buildOrganization, command, policy, server, skill, tool, toolkit, unassigned } from "./resources.fixture.ts";
import { storeOrganization } from "./stored-organization.fixture.ts";

/** Tests each rule of docs/decisions/0009-access.md separately; access.property.test.ts combines them. */
describe("Access rules for tools and toolkits", () => {
  let testStore: TestStore;
  before(async () => {
    testStore = await openSqliteTestStore({ collections });
  });
  after(() => testStore.dispose());

  describe("tools", () => {
    const tools = [tool("read"), tool("write"), tool("delete_one"), tool("off", false)];

    it("of an accessible server are usable if they are enabled", async () => {
      expect(await listToolNames(testStore.store, { "mcp-server": [server("x", { tools })] })).to.deep.equal([
        "read",
        "write",
        "delete_one",
      ]);
    });

    it("are denied by patterns of a policy, on all servers or on the servers that it names", async () => {
      const servers = [server("x", { tools }), server("y", { tools })];
      const anywhere = [policy("deny", { tools: ["*__delete_*"] })];
      expect(await listToolNames(testStore.store, { "mcp-server": servers, policies: anywhere })).to.deep.equal([
        ...["read", "write"],
        ...["read", "write"],
      ]);
      const onX = [policy("deny", { mcpServers: ["x"], tools: ["*__delete_*", "*__write"] })];
      expect(await listToolNames(testStore.store, { "mcp-server": servers, policies: onX })).to.deep.equal([
        "read",
        ...["read", "write", "delete_one"],
      ]);
    });

    it("are denied and granted by a pattern without __ that matches their names, on the servers in question", async () => {
      const servers = [server("x", { tools }), server("y", { tools, assignment: unassigned })];
      const policies = [
        policy("deny", { tools: ["delete_*"] }, { slug: "anywhere" }),
        policy("deny", { mcpServers: ["x"], tools: ["write"] }, { slug: "on-x" }),
        policy("allow", { mcpServers: ["y"], tools: ["w*", "delete_*"] }, { slug: "on-y" }),
      ];
      expect(await listToolNames(testStore.store, { "mcp-server": servers, policies })).to.deep.equal([
        "read",
        "write",
      ]);
    });

    it("are limited to the patterns if only policies with patterns grant the server", async () => {
      const servers = [server("x", { tools, assignment: unassigned })];
      const some = policy("allow", { mcpServers: ["x"], tools: ["x__r*", "x__off"] }, { slug: "some" });
      const more = policy("allow", { mcpServers: ["x"], tools: ["x__delete_one"] }, { slug: "more" });
      expect(await listToolNames(testStore.store, { "mcp-server": servers, policies: [some] })).to.deep.equal(["read"]);
      expect(await listToolNames(testStore.store, { "mcp-server": servers, policies: [some, more] })).to.deep.equal([
        "read",
        "delete_one",
      ]);
    });

    it("are not limited if an assignment or a policy without patterns grants the server as well", async () => {
      const some = policy("allow", { mcpServers: ["x"], tools: ["x__r*"] }, { slug: "some" });
      const whole = policy("allow", { mcpServers: ["x"] }, { slug: "whole" });
      const assigned = { "mcp-server": [server("x", { tools })], policies: [some] };
      const allowed = { "mcp-server": [server("x", { tools, assignment: unassigned })], policies: [some, whole] };
      for (const parts of [assigned, allowed])
        expect(await listToolNames(testStore.store, parts)).to.deep.equal(["read", "write", "delete_one"]);
    });

    it("of an inaccessible server are not usable", async () => {
      expect(
        await listToolNames(testStore.store, { "mcp-server": [server("x", { tools, assignment: unassigned })] }),
      ).to.deep.equal([]);
    });
  });

  describe("restriction of the credential", () => {
    const servers = [
      server("a", { environment: "production" }),
      server("b", { environment: "staging" }),
      server("c"),
      server("n", { environment: "production", assignment: unassigned }),
    ];
    const rows: readonly (readonly [Restriction, readonly string[]])[] = [
      [{}, ["a", "b", "c"]],
      [{ environment: "production" }, ["a"]],
      [{ mcpServers: ["b", "c", "n"] }, ["b", "c"]],
      [{ environment: "production", mcpServers: ["b"] }, []],
      [{ mcpServers: [] }, []],
    ];
    for (const [restriction, expected] of rows) {
      it(`${JSON.stringify(restriction)} reduces the servers to ${expected.join(", ") || "none"}`, async () => {
        expect(
          await listAccessible(testStore.store, { "mcp-server": servers }, ada, "mcp-server", restriction),
        ).to.deep.equal(expected);
      });
    }

    it("keeps toolkits, and hides their entries for other servers", async () => {
      const entries = ["a", "b", "c"].map((mcpServer) => ({ mcpServer, tools: "all" as const }));
      const parts = { "mcp-server": servers, toolkit: [toolkit("t", { entries })] };
      const shown = await filterOnlyToolkit(testStore.store, parts, { environment: "staging" });
      expect(shown.entries).to.deep.equal([{ mcpServer: "b", tools: "all" }]);
      expect(await listAccessible(testStore.store, parts, ada, "toolkit", { environment: "staging" })).to.deep.equal([
        "t",
      ]);
    });
  });

  describe("toolkit", () => {
    const servers = [
      server("whole", { tools: [tool("read"), tool("off", false)] }),
      server("part", { tools: [tool("read"), tool("delete_one")] }),
      server("none", { tools: [tool("delete_one")] }),
      server("others", { tools: [tool("read")], assignment: unassigned }),
    ];
    const policies = [policy("deny", { tools: ["*__delete_*"] })];

    it("lists the accessible servers, with `all` only if no tool is withheld", async () => {
      const entries = ["whole", "part", "none", "others", "gone"].map((mcpServer) => ({
        mcpServer,
        tools: "all" as const,
      }));
      const { entries: shown } = await filterOnlyToolkit(testStore.store, {
        "mcp-server": servers,
        toolkit: [toolkit("t", { entries })],
        policies,
      });
      expect(shown).to.deep.equal([
        { mcpServer: "whole", tools: "all" },
        { mcpServer: "part", tools: ["read"] },
      ]);
    });

    it("lists the usable ones of the tools that it names", async () => {
      const entries = ["whole", "part", "none"].map((mcpServer) => ({
        ...{ mcpServer, tools: ["read", "off", "delete_one", "gone"] },
      }));
      const { entries: shown } = await filterOnlyToolkit(testStore.store, {
        "mcp-server": servers,
        toolkit: [toolkit("t", { entries })],
        policies,
      });
      expect(shown).to.deep.equal([
        { mcpServer: "whole", tools: ["read"] },
        { mcpServer: "part", tools: ["read"] },
      ]);
    });

    it("lists the accessible skills and commands; a user-owned toolkit also those of its owner", async () => {
      const skills = [skill("shared"), skill("owned", { assignment: unassigned }), skill("owned", { ownerId: ada })];
      const commands = [command("off", { active: false }), command("mine", { ownerId: ada })];
      const content = { skills: ["shared", "owned", "gone"], commands: ["off", "mine"] };
      const parts = { skill: skills, command: commands };
      expect(await filterOnlyToolkit(testStore.store, { ...parts, toolkit: [toolkit("t", content)] })).to.deep.equal({
        ...{ entries: [], skills: ["shared"], commands: [] },
      });
      expect(
        await filterOnlyToolkit(testStore.store, { ...parts, toolkit: [toolkit("t", { ...content, ownerId: ada })] }),
      ).to.deep.equal({
        ...{ entries: [], skills: ["shared", "owned"], commands: ["mine"] },
      });
    });

    it("is complete if it names more servers than one query reads", async () => {
      const many = Array.from({ length: 500 }, (_, at) => server(`s${at}`));
      const toolkits = [0, 100, 200, 300, 400].map((from) =>
        toolkit(`t${from}`, {
          entries: many.slice(from, from + 100).map(({ slug }) => ({ mcpServer: slug, tools: "all" })),
        }),
      );
      const { organizationId, access } = await storeOrganization(
        testStore.store,
        buildOrganization({ "mcp-server": many, toolkit: toolkits }),
      );
      const shown = await access.filterToolkits(await access.resolve(organizationId, ada), toolkits);
      expect(shown).to.deep.equal(toolkits);
    });
  });

  describe("large policies", () => {
    it("are rejected if they contain too many names", async () => {
      const skills = Array.from({ length: 201 }, (_, at) => `k${at}`);
      const policies = Array.from({ length: 100 }, (_, at) => policy("allow", { skills }, { slug: `p${at}` }));
      const { organizationId, access } = await storeOrganization(testStore.store, buildOrganization({ policies }));
      const message = await access.resolve(organizationId, ada).then(String, (error: Error) => error.message);
      expect(message).to.match(/contain too many names/);
    });

    it("are read completely if they take several pages", async () => {
      const policies = Array.from({ length: 600 }, (_, at) =>
        policy("allow", { skills: [`k${at}`] }, { slug: `p${at}` }),
      );
      const skills = [0, 300, 599, 600].map((at) => skill(`k${at}`, { assignment: unassigned }));
      expect(await listAccessible(testStore.store, { policies, skill: skills }, ada, "skill")).to.deep.equal([
        "k0",
        "k300",
        "k599",
      ]);
    });

    it("are rejected if their patterns take too many comparisons", async () => {
      const tools = Array.from({ length: 500 }, (_, at) => tool(`${"a".repeat(120)}${at}`));
      const patterns = Array.from({ length: 200 }, (_, at) => `*${"a*".repeat(90)}b${at}`);
      const parts = { "mcp-server": [server("x", { tools })], policies: [policy("deny", { tools: patterns })] };
      const message = await listToolNames(testStore.store, parts).then(String, (error: Error) => error.message);
      expect(message).to.match(/too many patterns/);
    });
  });
});
