import { join } from "node:path";
import { expect } from "chai";
import { type Gateway, startGateway } from "../http/mcp/gateway.fixture.ts";
import { root } from "../support/root.ts";
import { installClient, runProgram } from "./client-cache.fixture.ts";

const directory = join(root, "test/clients/mcp-go");

/** What session.go prints. */
interface SessionReport {
  readonly tools: readonly string[];
  readonly sum: unknown;
  readonly prompt: string;
  readonly resources: readonly string[];
  readonly read: number;
  readonly overLimit: string;
  readonly toolsOverLimit: number;
  readonly afterRevocation: string;
}

describe("MCP clients in Go", () => {
  let gateway: Gateway;
  let program: string;
  before(async function () {
    this.timeout(900_000);
    const installed = await installClient(
      "mcp-go",
      ["go.sum", "session.go"].map((name) => join(directory, name)),
      (target) =>
        runProgram("go", ["build", "-C", directory, "-o", join(target, "session"), "."], { timeoutMs: 800_000 }),
      { isRequiredInCi: false },
    );
    if (installed === undefined) return this.skip();
    program = join(installed, "session");
    gateway = await startGateway({ environment: { RATE_LIMIT: "mcp=10/60,mcp-organization=off" } });
    await gateway.putServer("files", [{ name: "sum" }]);
    await gateway.putGreetCommand();
  });
  after(() => gateway?.dispose());

  for (const client of ["go-sdk", "mcp-go"]) {
    it(`list, call, get a prompt, read a resource, go on after the rate limit, and see a revocation (${client})`, async function () {
      this.timeout(180_000);
      const userId = await gateway.createUser(`${client}@example.com`);
      const token = await gateway.service.issueToken({ scopes: ["connect:write"], type: "agent", userId });
      const environment = { CLIENT: client, ...(await gateway.describeSession(token)) };
      const report = JSON.parse(await runProgram(program, [], { environment })) as SessionReport;
      expect(report.tools).to.include.members(["files__sum", "whoami", "list_connections"]);
      expect(report.sum).to.deep.equal({ sum: 3 });
      expect(report.prompt).to.equal("Greet Ada.");
      expect(report.resources).to.include("gatehouse://mcp-servers/files");
      expect(report.read).to.equal(1);
      expect(report.overLimit).to.match(/Rate limit exceeded/);
      expect(report.toolsOverLimit).to.equal(report.tools.length);
      expect(report.afterRevocation).to.match(
        /unknown, expired, disabled or revoked|401|[Uu]nauthorized|authorization required/,
      );
    });
  }
});
