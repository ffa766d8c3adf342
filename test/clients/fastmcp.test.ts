import { join } from "node:path";
import { expect } from "chai";
import { type Gateway, startGateway } from "../http/mcp/gateway.fixture.ts";
import { root } from "../support/root.ts";
import { installPythonPackages, runProgram } from "./client-cache.fixture.ts";

const directory = join(root, "test/clients/mcp-python");
const everyone = { assignment: { everyone: true, groups: [], users: [] } };

describe("FastMCP, the Python framework", () => {
  let gateway: Gateway;
  let packages: string;
  before(async function () {
    this.timeout(300_000);
    const installed = await installPythonPackages("mcp-python-fastmcp", join(directory, "fastmcp.txt"));
    if (installed === undefined) return this.skip();
    packages = installed;
    gateway = await startGateway({ environment: { RATE_LIMIT: "mcp=20/3600,mcp-organization=off" } });
    await gateway.putServer("files", [
      { name: "sum", outputSchema: { type: "object", properties: { sum: { type: "number" } }, required: ["sum"] } },
      { name: "names", outputSchema: { type: "array", items: { type: "string" } } },
    ]);
    await gateway.putGreetCommand();
    await gateway.admin
      .put("/api/skills/review")
      .send({
        ...{ name: "Review", description: 'Reviews "changes": all of them.', ...everyone },
        content: "---\nlicense: MIT\nmetadata: { version: '1.0' }\n---\n# Review\n",
        files: [{ path: "references/guide.md", content: "grün" }],
      })
      .expect(201);
  });
  after(() => gateway?.dispose());

  it("lists, calls, gets a prompt, reads a resource and a skill, and survives the rate limit until a revocation", async function () {
    this.timeout(180_000);
    const userId = await gateway.createUser("ada@example.com");
    const { secret, id } = await gateway.service.issueToken({ scopes: ["connect:write"], type: "agent", userId });
    const environment = {
      ...(await gateway.describeSession({ secret, id })),
      PYTHONPATH: packages,
      PYTHONDONTWRITEBYTECODE: "1",
    };
    const output = await runProgram("python3", [join(directory, "fastmcp_session.py")], { environment });
    const report = JSON.parse(output);
    expect(report.tools).to.include.members(["files__sum", "files__names", "whoami"]);
    expect(report.sum).to.deep.equal({ sum: 3 });
    expect(report.names).to.deep.equal(["a", "b"]);
    expect([report.prompt, report.read]).to.deep.equal(["Greet Ada.", 1]);
    expect(report.skills).to.deep.equal(["skill://review/SKILL.md"]);
    expect(report.skill).to.deep.equal({
      ...{ name: "review", description: 'Reviews "changes": all of them.', license: "MIT" },
      metadata: { version: "1.0" },
    });
    expect(report.overLimit).to.match(/rate limit/i);
    expect(report.toolsOverLimit).to.equal(report.tools.length);
    expect(report.afterRevocation).to.match(/401|The token is unknown, expired, disabled or revoked/);
  });
});
