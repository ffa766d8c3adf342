import { join } from "node:path";
import { expect } from "chai";
import { type Gateway, startGateway } from "../http/mcp/gateway.fixture.ts";
import { describeOnEngines } from "../store/engines.fixture.ts";
import { root } from "../support/root.ts";
import { installPythonPackages, runProgram } from "./client-cache.fixture.ts";

const directory = join(root, "test/clients/mcp-python");

/** The versions of the package `mcp` on PyPI, and the eras of the protocol in which each connects. */
const versions: Readonly<Record<string, readonly string[]>> = { v1: ["v1"], v2: ["auto", "legacy"] };

/** What session.py prints. */
interface SessionReport {
  readonly tools: readonly string[];
  readonly sum: unknown;
  readonly prompt: string;
  readonly resources: readonly string[];
  readonly read: number;
  readonly afterRevocation: string;
}

describeOnEngines("The Python package mcp", (open) => {
  let gateway: Gateway;
  before(async () => {
    gateway = await startGateway({ open });
    await gateway.putServer("files", [{ name: "sum" }]);
    await gateway.putGreetCommand();
  });
  after(() => gateway.dispose());

  for (const [version, modes] of Object.entries(versions)) {
    describe(version, () => {
      let packages: string;
      before(async function () {
        this.timeout(300_000);
        const requirements = join(directory, `${version}.txt`);
        const installed = await installPythonPackages(`mcp-python-${version}`, requirements);
        if (installed === undefined) return this.skip();
        packages = installed;
      });

      for (const mode of modes) {
        it(`lists, calls, gets a prompt, reads a resource, and is rejected after a revocation (${mode})`, async function () {
          this.timeout(180_000);
          const report = await runSession(mode);
          expect(report.tools).to.include.members(["files__sum", "whoami", "list_connections"]);
          expect(report.sum).to.deep.equal({ sum: 3 });
          expect(report.prompt).to.equal("Greet Ada.");
          expect(report.resources).to.have.length.greaterThan(0);
          expect(report.read).to.equal(1);
          expect(report.afterRevocation).to.match(/401|The token is unknown, expired, disabled or revoked/);
        });
      }

      const runSession = async (mode: string): Promise<SessionReport> => {
        const userId = await gateway.createUser(`${version}-${mode}@example.com`);
        const { secret, id } = await gateway.service.issueToken({
          ...{ scopes: ["connect:write"], type: "agent", userId },
        });
        const environment = {
          ...(await gateway.describeSession({ secret, id })),
          MODE: mode,
          PYTHONPATH: packages,
          PYTHONDONTWRITEBYTECODE: "1",
        };
        return JSON.parse(await runProgram("python3", [join(directory, "session.py")], { environment }));
      };
    });
  }
});
