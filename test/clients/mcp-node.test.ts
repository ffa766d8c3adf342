import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { expect } from "chai";
import { type Gateway, startGateway } from "../http/mcp/gateway.fixture.ts";
import { runCli } from "../support/process.ts";
import { root } from "../support/root.ts";
import { installClient, runProgram } from "./client-cache.fixture.ts";

const definition = join(root, "test/clients/mcp-node/package.json");

/** Programs that users start on their own computers. They are installed without running any of their scripts. */
describe("MCP programs from npm", () => {
  let gateway: Gateway;
  let programs: string;
  let authorization: string;
  before(async function () {
    this.timeout(300_000);
    const installed = await installClient(
      "mcp-node",
      definition,
      async (target) => {
        await copyFile(definition, join(target, "package.json"));
        await runProgram("npm", [
          ...["install", "--prefix", target, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"],
          ...["--fetch-retries", "1", "--fetch-timeout", "30000"],
        ]);
      },
      { isRequiredInCi: true },
    );
    if (installed === undefined) return this.skip();
    programs = join(installed, "node_modules/.bin");
    gateway = await startGateway();
    await gateway.putServer("files", [{ name: "echo" }, { name: "sum", description: "Adds two numbers." }]);
    await gateway.admin
      .put("/api/skills/review")
      .send({
        ...{ name: "Review", description: 'Reviews "changes": all of them.' },
        content:
          "---\nlicense: MIT\nmetadata: { version: '1.0', author: Ada }\nallowed-tools: Read Grep\n---\n# Review\n",
        files: [{ path: "references/guide.md", content: "grün" }],
        assignment: { everyone: true, groups: [], users: [] },
      })
      .expect(201);
    const ada = await gateway.createUser("ada@example.com");
    authorization = `Authorization: Bearer ${await gateway.createToken(ada)}`;
  });
  after(() => gateway?.dispose());

  /** The settings of a client, with the token in them. */
  const printSettings = async (client: string): Promise<string> => {
    const options = ["--client", client, "--url", String(gateway.url), "--header", authorization];
    const { code, stdout, stderr } = await runCli({ DATA_DIR: "/dev/null/none" }, "mcp", "config", ...options);
    expect(code, stderr).to.equal(0);
    return stdout;
  };

  describe("the Inspector's command line", () => {
    it("runs as `gatehouse mcp config` prints it", async function () {
      this.timeout(180_000);
      const program = join(programs, "mcp-inspector");
      const script = (await printSettings("inspector")).replace("npx @modelcontextprotocol/inspector", program);
      const { tools } = JSON.parse(await runProgram("bash", ["--norc", "-euc", script]));
      expect(tools.map(({ name }: { name: string }) => name)).to.include("files__sum");
    });

    const inspect = async (...options: string[]) => {
      const connection = ["--cli", String(gateway.url), "--transport", "http", "--header", authorization];
      return JSON.parse(await runProgram(join(programs, "mcp-inspector"), [...connection, ...options]));
    };

    it("finds every listed tool valid", async function () {
      this.timeout(180_000);
      const { tools } = await inspect("--method", "tools/list", "--strict");
      expect(tools.map(({ name }: { name: string }) => name)).to.include.members([
        "files__echo",
        "files__sum",
        "whoami",
      ]);
    });

    it("calls a tool", async function () {
      this.timeout(180_000);
      const result = await inspect(
        ...["--method", "tools/call", "--tool-name", "files__sum", "--tool-arg", "a=1", "b=2"],
      );
      expect(result.structuredContent).to.deep.equal({ sum: 3 });
    });

    it("lists the resources", async function () {
      this.timeout(180_000);
      const { resources } = await inspect("--method", "resources/list");
      expect(resources.map(({ uri }: { uri: string }) => uri)).to.include("gatehouse://mcp-servers/files");
    });
  });

  describe("the Inspector's command line, with skills", () => {
    it("verifies the entries and the digests of all files", async function () {
      this.timeout(180_000);
      const connection = ["--cli", String(gateway.url), "--transport", "http", "--header", authorization];
      const output = await runProgram(join(programs, "mcp-inspector"), [
        ...[...connection, "--method", "skills/list", "--verify"],
      ]);
      const [report] = output
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(report).to.include({ uri: "skill://review/SKILL.md", ok: true, outcome: "verified" });
      expect(report.files.map(({ status }: { status: string }) => status)).to.deep.equal(["verified", "verified"]);
    });
  });

  describe("mcp-remote, for clients that only start programs", () => {
    it("lists and calls tools", async function () {
      this.timeout(180_000);
      const client = new Client({ name: "test", version: "1.0.0" });
      // The settings as the CLI prints them, but with the installed program instead of npx.
      const { args: printed, env } = JSON.parse(await printSettings("mcp-remote")).mcpServers.gatehouse;
      const args = printed.slice(printed.indexOf("mcp-remote") + 1);
      await client.connect(
        new StdioClientTransport({ command: join(programs, "mcp-remote"), args, env, stderr: "ignore" }) as never,
      );
      try {
        expect((await client.listTools()).tools.map(({ name }) => name)).to.include("files__sum");
        const result = await client.callTool({ name: "files__sum", arguments: { a: 1, b: 2 } });
        expect(result).to.have.deep.property("structuredContent", { sum: 3 });
      } finally {
        await client.close();
      }
    });
  });
});
