import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { readShellBlocks, type ShellBlock } from "./markdown.fixture.ts";
import { type IdentityProvider, startIdentityProvider } from "./support/identity-provider.ts";
import { type ServiceProcess, startProcess } from "./support/process.ts";
import { root } from "./support/root.ts";

interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function runBash(script: string, cwd: string, environment: Record<string, string>): Promise<RunResult> {
  const env = { PATH: process.env["PATH"], ...environment };
  return promisify(execFile)("bash", ["--norc", "-euo", "pipefail", "-c", script], { cwd, env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: RunResult) => error,
  );
}

const blockMarker = "-- end of block --";

/** Returns a block as a script that fails when a request fails, unless the documented response is an error. */
function toScript({ script, expected }: ShellBlock): string {
  const isError = expected !== undefined && Number(JSON.parse(expected).status) >= 400;
  const curl = isError ? "curl -sS -w '\\n'" : "curl -sS -w '\\n' --fail-with-body";
  return `${script.replaceAll("curl -sS", curl).replaceAll("node dist/", `node ${root}/dist/`)}\necho; echo '${blockMarker}'\n`;
}

/**
 * Runs the shell blocks of a page in one shell, and compares the last line of output of each with its JSON block.
 * @param replacements what the page names -> what this test uses instead
 */
async function runPage(
  page: string,
  cwd: string,
  environment: Record<string, string>,
  replacements: Readonly<Record<string, string>> = {},
): Promise<void> {
  const blocks = readShellBlocks(page);
  expect(blocks, page).to.not.deep.equal([]);
  let script = blocks.map(toScript).join("");
  for (const [documented, actual] of Object.entries(replacements)) script = script.replaceAll(documented, actual);
  const { code, stdout, stderr } = await runBash(script, cwd, environment);
  expect({ code, page }, `${stderr}\n${stdout}`).to.deep.equal({ code: 0, page });
  const outputs = stdout.split(blockMarker);
  for (const [index, { expected, script: shown }] of blocks.entries()) {
    if (expected === undefined) continue;
    const lastLine = outputs[index]?.trim().split("\n").at(-1) ?? "";
    expect(withoutVolatileValues(omitLike(JSON.parse(lastLine), JSON.parse(expected))), shown).to.deep.equal(
      withoutVolatileValues(JSON.parse(expected)),
    );
  }
}

/** Leaves out what the documented value leaves out with `"...": "..."`. */
function omitLike(actual: unknown, documented: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(documented))
    return actual.map((each, index) => omitLike(each, documented[index]));
  if (!isObject(actual) || !isObject(documented)) return actual;
  const entries = Object.entries(actual).filter(([key]) => !("..." in documented) || key in documented);
  const kept = Object.fromEntries(entries.map(([key, value]) => [key, omitLike(value, documented[key])]));
  return "..." in documented ? { ...kept, "...": "..." } : kept;
}

/** Replaces ids, times, secrets and ports, and the text of errors, which is no contract. */
function withoutVolatileValues(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutVolatileValues(each, key));
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutVolatileValues(each, name)]));
  }
  // A second may pass between the creation of a token and its response.
  if (typeof value === "number") return key === "expires_in" ? Math.round(value / 100) * 100 : value;
  if (typeof value !== "string") return value;
  if (key === "detail") return "(detail)";
  return (
    value
      // Secrets come first: the visible start of one can consist of the characters of an id.
      .replace(/\b(wxtr?)_[0-9A-Za-z]{8,}(?:\.{3}|\*+)?/g, "$1_(secret)")
      .replace(/\b([a-z]{3})_[0-9A-Z]{8,26}\b/g, "$1_(id)")
      .replace(/\bwhsec_.*/g, "whsec_(secret)")
      .replace(/\beyJ[\w-]+\.[\w.-]+/g, "(jwt)")
      .replace(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, "(request id)")
      .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "(time)")
      .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1")
  );
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const credentialKey = Buffer.alloc(32, 1).toString("base64");

describe("Commands in the documentation", () => {
  let directory: string;
  let service: ServiceProcess;
  let hasTools: boolean;
  before(async () => {
    hasTools = (await runBash("curl --version", tmpdir(), {})).code === 0;
  });
  beforeEach(async function () {
    if (!hasTools) {
      process.stdout.write("    (skipped: this machine has no curl or no bash)\n");
      this.skip();
    }
    directory = await mkdtemp(join(tmpdir(), "gatehouse-docs-"));
    service = await startProcess({
      DATA_DIR: join(directory, "data"),
      JWKS_ALLOW_PRIVATE: "true",
      CREDENTIAL_KEY: credentialKey,
    });
  });
  afterEach(async () => {
    if (!hasTools) return;
    await service.stop("SIGTERM");
    await rm(directory, { recursive: true, force: true });
  });

  const run = (
    page: string,
    environment: Record<string, string> = {},
    replacements: Readonly<Record<string, string>> = {},
  ): Promise<void> =>
    runPage(
      page,
      directory,
      { TOKEN: service.firstSecret, ...environment },
      { "http://127.0.0.1:8080": `http://127.0.0.1:${service.port}`, ...replacements },
    );

  for (const page of ["README.md", "docs/scim.md", "docs/api.md", "docs/troubleshooting.md", "docs/setup/README.md"]) {
    it(`${page}: each works, in this order, and prints what is shown`, () => run(page));
  }

  it("docs/audit.md: each works, in this order, and prints what is shown", async () => {
    await run("README.md");
    await run("docs/audit.md");
  });

  it("docs/tokens.md: a rotation keeps the new secret, and an exchange works", async () => {
    const identityProvider = await startIdentityProvider();
    try {
      await runTokensPage(identityProvider);
    } finally {
      await identityProvider.close();
    }
  });

  it("docs/cli.md: each works beside the running service", async function () {
    this.timeout(180_000); // a dozen commands, each in a process of its own
    await runPage("docs/cli.md", directory, {
      DATA_DIR: join(directory, "data"),
      CREDENTIAL_KEY: credentialKey,
    });
  });

  async function runTokensPage(identityProvider: IdentityProvider): Promise<void> {
    const admin = service.clientWithSecret(service.firstSecret);
    await admin.put("/api/users/ada@example.com").send({ active: true }).expect(201);
    const plugin = await admin.post("/api/tokens").send({ name: "Plugin", type: "agent" }).expect(201);
    await run(
      "docs/tokens.md",
      { PLUGIN_TOKEN: plugin.body.token, JWT: await identityProvider.sign() },
      {
        "https://idp.example.com/keys": identityProvider.settings.jwksUri,
        "https://idp.example.com": identityProvider.settings.issuer,
      },
    );
    const { data } = (await admin.get("/api/tokens").expect(200)).body;
    const rotated = data.find(({ name }: { name: string }) => name === "CI");
    expect(rotated).to.include({ status: "active", failedCount: 0, version: 2 });
    const rotations = (await admin.get("/api/audit-events").query({ action: "token.rotate" }).expect(200)).body;
    expect(rotations.data).to.have.length(1);
    const { data: signals } = (
      await admin.get("/api/audit-events").query({ action: "token.superseded_secret_used" }).expect(200)
    ).body;
    expect(signals).to.deep.equal([]);
  }
});
