import { expect } from "chai";
import type { Restriction } from "../../../src/domain/caller.ts";
import { collections } from "../../../src/store/collections.ts";
import type { Opened } from "../../store/opened.ts";
import { openSqlite } from "../../store/sqlite-opened.ts";
import { ada, seen, shownOf, toolsOf } from "./questions.ts";
import { storeWorld } from "./stored-world.ts";
import { command, nobody, policy, server, skill, tool, toolkit, worldOf } from "./things.ts";

/** Each rule of docs/decisions/0009-access.md by itself; access.property.test.ts has them all at once. */
describe("The rules of access: what is left of servers and toolkits", () => {
  let opened: Opened;
  before(async () => {
    opened = await openSqlite({ collections });
  });
  after(() => opened.dispose());

  describe("tools", () => {
    const tools = [tool("read"), tool("write"), tool("delete_one"), tool("off", false)];

    it("of a server within reach are all that are enabled", async () => {
      expect(await toolsOf(opened.store, { "mcp-server": [server("x", { tools })] })).to.deep.equal([
        "read",
        "write",
        "delete_one",
      ]);
    });

    it("are withheld that a policy denies by pattern: everywhere, or on the servers that it names", async () => {
      const servers = [server("x", { tools }), server("y", { tools })];
      const anywhere = [policy("deny", { tools: ["*__delete_*"] })];
      expect(await toolsOf(opened.store, { "mcp-server": servers, policies: anywhere })).to.deep.equal([
        ...["read", "write"],
        ...["read", "write"],
      ]);
      const onX = [policy("deny", { mcpServers: ["x"], tools: ["*__delete_*", "*__write"] })];
      expect(await toolsOf(opened.store, { "mcp-server": servers, policies: onX })).to.deep.equal([
        "read",
        ...["read", "write", "delete_one"],
      ]);
    });

    it("are those of its patterns where nothing but such policies gives the server", async () => {
      const servers = [server("x", { tools, assignment: nobody })];
      const some = policy("allow", { mcpServers: ["x"], tools: ["x__r*", "x__off"] }, { slug: "some" });
      const more = policy("allow", { mcpServers: ["x"], tools: ["x__delete_one"] }, { slug: "more" });
      expect(await toolsOf(opened.store, { "mcp-server": servers, policies: [some] })).to.deep.equal(["read"]);
      expect(await toolsOf(opened.store, { "mcp-server": servers, policies: [some, more] })).to.deep.equal([
        "read",
        "delete_one",
      ]);
    });

    it("are all of them once an assignment, or a policy without patterns, gives the server too", async () => {
      const some = policy("allow", { mcpServers: ["x"], tools: ["x__r*"] }, { slug: "some" });
      const whole = policy("allow", { mcpServers: ["x"] }, { slug: "whole" });
      const assigned = { "mcp-server": [server("x", { tools })], policies: [some] };
      const allowed = { "mcp-server": [server("x", { tools, assignment: nobody })], policies: [some, whole] };
      for (const parts of [assigned, allowed])
        expect(await toolsOf(opened.store, parts)).to.deep.equal(["read", "write", "delete_one"]);
    });

    it("are none of a server that is out of reach", async () => {
      expect(await toolsOf(opened.store, { "mcp-server": [server("x", { tools, assignment: nobody })] })).to.deep.equal(
        [],
      );
    });
  });

  describe("a restriction of the credential", () => {
    const servers = [
      server("a", { environment: "production" }),
      server("b", { environment: "staging" }),
      server("c"),
      server("n", { environment: "production", assignment: nobody }),
    ];
    const rows: readonly (readonly [Restriction, readonly string[]])[] = [
      [{}, ["a", "b", "c"]],
      [{ environment: "production" }, ["a"]],
      [{ mcpServers: ["b", "c", "n"] }, ["b", "c"]],
      [{ environment: "production", mcpServers: ["b"] }, []],
      [{ mcpServers: [] }, []],
    ];
    for (const [restriction, expected] of rows) {
      it(`${JSON.stringify(restriction)} leaves ${expected.join(", ") || "nothing"} and gives nothing`, async () => {
        expect(await seen(opened.store, { "mcp-server": servers }, ada, "mcp-server", restriction)).to.deep.equal(
          expected,
        );
      });
    }

    it("leaves toolkits, and hides their entries of other servers", async () => {
      const entries = ["a", "b", "c"].map((mcpServer) => ({ mcpServer, tools: "all" as const }));
      const parts = { "mcp-server": servers, toolkit: [toolkit("t", { entries })] };
      const shown = await shownOf(opened.store, parts, { environment: "staging" });
      expect(shown.entries).to.deep.equal([{ mcpServer: "b", tools: "all" }]);
      expect(await seen(opened.store, parts, ada, "toolkit", { environment: "staging" })).to.deep.equal(["t"]);
    });
  });

  describe("a toolkit", () => {
    const servers = [
      server("whole", { tools: [tool("read"), tool("off", false)] }),
      server("part", { tools: [tool("read"), tool("delete_one")] }),
      server("none", { tools: [tool("delete_one")] }),
      server("others", { tools: [tool("read")], assignment: nobody }),
    ];
    const policies = [policy("deny", { tools: ["*__delete_*"] })];

    it("shows of its servers those within reach: all tools, or those that may be used, or not the server", async () => {
      const entries = ["whole", "part", "none", "others", "gone"].map((mcpServer) => ({
        mcpServer,
        tools: "all" as const,
      }));
      const { entries: shown } = await shownOf(opened.store, {
        "mcp-server": servers,
        toolkit: [toolkit("t", { entries })],
        policies,
      });
      expect(shown).to.deep.equal([
        { mcpServer: "whole", tools: "all" },
        { mcpServer: "part", tools: ["read"] },
      ]);
    });

    it("shows of the tools that it names those that may be used", async () => {
      const entries = ["whole", "part", "none"].map((mcpServer) => ({
        ...{ mcpServer, tools: ["read", "off", "delete_one", "gone"] },
      }));
      const { entries: shown } = await shownOf(opened.store, {
        "mcp-server": servers,
        toolkit: [toolkit("t", { entries })],
        policies,
      });
      expect(shown).to.deep.equal([
        { mcpServer: "whole", tools: ["read"] },
        { mcpServer: "part", tools: ["read"] },
      ]);
    });

    it("shows of its skills and commands those within reach; a user's own also the user's own", async () => {
      const skills = [skill("given"), skill("kept", { assignment: nobody }), skill("kept", { ownerId: ada })];
      const commands = [command("off", { active: false }), command("mine", { ownerId: ada })];
      const content = { skills: ["given", "kept", "gone"], commands: ["off", "mine"] };
      const parts = { skill: skills, command: commands };
      expect(await shownOf(opened.store, { ...parts, toolkit: [toolkit("t", content)] })).to.deep.equal({
        ...{ entries: [], skills: ["given"], commands: [] },
      });
      expect(
        await shownOf(opened.store, { ...parts, toolkit: [toolkit("t", { ...content, ownerId: ada })] }),
      ).to.deep.equal({
        ...{ entries: [], skills: ["given", "kept"], commands: ["mine"] },
      });
    });

    it("is shown as well where it names more than one question can hold", async () => {
      const many = Array.from({ length: 500 }, (_, at) => server(`s${at}`));
      const toolkits = [0, 100, 200, 300, 400].map((from) =>
        toolkit(`t${from}`, {
          entries: many.slice(from, from + 100).map(({ slug }) => ({ mcpServer: slug, tools: "all" })),
        }),
      );
      const { organizationId, access } = await storeWorld(
        opened.store,
        worldOf({ "mcp-server": many, toolkit: toolkits }),
      );
      const shown = await access.toolkitsFor(await access.standing(organizationId, ada), toolkits);
      expect(shown).to.deep.equal(toolkits);
    });
  });

  describe("policies beyond measure", () => {
    it("are refused that name more than one answer can weigh", async () => {
      const skills = Array.from({ length: 201 }, (_, at) => `k${at}`);
      const policies = Array.from({ length: 100 }, (_, at) => policy("allow", { skills }, { slug: `p${at}` }));
      const { organizationId, access } = await storeWorld(opened.store, worldOf({ policies }));
      const refused = await access.standing(organizationId, ada).then(String, (error: Error) => error.message);
      expect(refused).to.match(/name too many things/);
    });

    it("are read whole, however many there are", async () => {
      const policies = Array.from({ length: 600 }, (_, at) =>
        policy("allow", { skills: [`k${at}`] }, { slug: `p${at}` }),
      );
      const skills = [0, 300, 599, 600].map((at) => skill(`k${at}`, { assignment: nobody }));
      expect(await seen(opened.store, { policies, skill: skills }, ada, "skill")).to.deep.equal(["k0", "k300", "k599"]);
    });

    it("are refused whose patterns were made to cost time, instead of holding up others", async () => {
      const tools = Array.from({ length: 500 }, (_, at) => tool(`${"a".repeat(120)}${at}`));
      const patterns = Array.from({ length: 200 }, (_, at) => `*${"a*".repeat(90)}b${at}`);
      const parts = { "mcp-server": [server("x", { tools })], policies: [policy("deny", { tools: patterns })] };
      const refused = await toolsOf(opened.store, parts).then(String, (error: Error) => error.message);
      expect(refused).to.match(/too many patterns/);
    });
  });
});
