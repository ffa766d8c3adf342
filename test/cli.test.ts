import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { mcpServerInput } from "../schemas/mcp-server.ts";
import { operatorActor } from "../src/domain/audit/record.ts";
import { Catalog } from "../src/domain/catalog/catalog.ts";
import { mcpServerType } from "../src/domain/catalog/resource-types.ts";
import { CascadeDeletes } from "../src/domain/cleanup/cascade-deletes.ts";
import { Organizations } from "../src/domain/organizations.ts";
import { mintSecret } from "../src/domain/tokens/issue/format.ts";
import { collections } from "../src/store/collections.ts";
import { openSqliteStore } from "../src/store/sqlite/store.ts";
import { createCredentials } from "./domain/credentials/credentials.fixture.ts";
import { openDomain } from "./domain/domain.fixture.ts";
import { runCli, runCliProcess, runCliWithInput, startProcess } from "./support/process.ts";
import { assertNoSecrets, assertNoSecretsInFiles, trackSecret } from "./support/secrets.ts";

describe("gatehouse", () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "gatehouse-cli-"));
    await openSqliteStore({ dataDir, collections }).close(); // an empty database, without organizations
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  const run = (...args: readonly string[]) => runCli({ DATA_DIR: dataDir }, ...args);
  const runSuccessfully = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args);
    expect(code, stderr).to.equal(0);
    return stdout;
  };
  const createToken = async (...options: readonly string[]): Promise<string> =>
    trackSecret((await runSuccessfully("token", "create", "--name", "ci", "--scope", "admin:scim", ...options)).trim());

  it("runs as a program and creates tokens that the service accepts", async () => {
    const environment = { DATA_DIR: dataDir };
    expect((await runCliProcess("", environment, "organization", "create", "default")).code).to.equal(0);
    const secret = trackSecret("a-script-has-sent-this-for-years");
    const imported = await runCliProcess(
      `${secret}\n`,
      environment,
      "token",
      "import",
      "--name",
      "old",
      "--full-access",
    );
    expect(imported).to.include({ code: 0, stdout: "" });
    expect((await runCliProcess("", environment, "token", "steal")).code).to.equal(2);
    const service = await startProcess(environment);
    try {
      await service.clientWithSecret(secret).get("/scim/v2/Users").expect(200);
      await service.clientWithSecret("no-script-has-ever-sent-this-one").get("/scim/v2/Users").expect(401);
    } finally {
      expect(await service.stop("SIGTERM")).to.equal(0);
    }
  });

  describe("organization create", () => {
    it("creates an organization and prints it", async () => {
      const [created] = parseLines(await runSuccessfully("organization", "create", "acme", "--name", "Acme Inc."));
      expect(created).to.include({ slug: "acme", name: "Acme Inc." });
      await runSuccessfully("organization", "create", "default");
      const organizations = parseLines(await runSuccessfully("organization", "list"));
      expect(organizations.map(({ slug, name }) => [slug, name])).to.deep.equal([
        ["acme", "Acme Inc."],
        ["default", "default"],
      ]);
      expect(organizations[0])
        .to.have.all.keys("id", "slug", "name", "createdAt")
        .and.to.include({ id: created?.["id"] });
    });

    it("rejects a slug that is in use and an invalid slug", async () => {
      await runSuccessfully("organization", "create", "acme");
      for (const slug of ["acme", "Acme Inc"]) {
        const { code, stdout, stderr } = await run("organization", "create", slug);
        expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
        expect(stderr).to.match(
          slug === "acme" ? /^gatehouse: .*slug/ : /^gatehouse: slug must be 1 to 63 lower-?case/,
        );
      }
      expect(parseLines(await runSuccessfully("organization", "list"))).to.have.length(1);
    });
  });

  describe("credential rotate", () => {
    const keys = [1, 2].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer];
    const [oldKey, newKey] = keys.map((key) => key.toString("base64")) as [string, string];
    const rotate = (environment: object) => runCli({ DATA_DIR: dataDir, ...environment }, "credential", "rotate");

    /** Stores the credential of a server, encrypted under the old key. */
    const storeCredential = async (): Promise<void> => {
      await runSuccessfully("organization", "create", "default");
      const store = await openSqliteStore({ collections, dataDir });
      const [organization] = (await new Organizations(store).list({ limit: 1 })).items;
      const caller = { organizationId: String(organization?.id), ...operatorActor, scopes: new Set<never>() };
      const catalog = new Catalog(store, new CascadeDeletes(store), mcpServerType);
      const { id: _, ...content } = mcpServerInput.parse({
        ...{ slug: "jira", name: "Jira", transport: "http", url: "https://jira.example", auth: { type: "apiKey" } },
      });
      const { id } = await catalog.create(caller, content);
      const credentials = createCredentials(store, [keys[0]]);
      await credentials.setForServer(caller, id, "Bearer jira");
      await store.close();
    };

    it("encrypts under the new key, and fails while a key is missing", async () => {
      await storeCredential();
      const missing = await rotate({ CREDENTIAL_KEY: newKey });
      expect(missing).to.include({ code: 1 });
      expect(missing.stderr).to.contain("1 credentials cannot be decrypted");
      const rotated = await rotate({ CREDENTIAL_KEY: newKey, CREDENTIAL_KEYS_PREVIOUS: oldKey });
      expect(rotated.code, rotated.stderr).to.equal(0);
      expect(parseLines(rotated.stdout)).to.deep.equal([{ reencrypted: 1, current: 0, removed: 0, unreadable: 0 }]);
      const [again] = parseLines((await rotate({ CREDENTIAL_KEY: newKey })).stdout);
      expect(again).to.include({ current: 1, unreadable: 0 });
    });

    it("names the missing setting", async () => {
      const { code, stderr } = await rotate({});
      expect(code).to.equal(1);
      expect(stderr).to.match(/^gatehouse: There is no key [^.]*CREDENTIAL_KEY is not set\.\n$/);
    });
  });

  describe("token", () => {
    beforeEach(() => runSuccessfully("organization", "create", "default"));

    it("create prints only the secret on standard output and the id on standard error", async () => {
      const { code, stdout, stderr } = await run("token", "create", "--name", "ci", "--scope", "admin:scim");
      expect(code).to.equal(0);
      expect(stdout).to.match(/^wxt_[0-9A-Za-z]{39}\n$/);
      trackSecret(stdout.trim());
      expect(stderr).to.match(/^tok_\w{26} has been created/);
      assertNoSecrets(stderr, "standard error");
      await assertNoSecretsInFiles(dataDir);
    });

    it("create applies TOKEN_PREFIX and TOKEN_MAX_TTL_DAYS as the service does", async () => {
      const environment = { DATA_DIR: dataDir, TOKEN_PREFIX: "acme", TOKEN_MAX_TTL_DAYS: "30" };
      const args = ["token", "create", "--name", "ci", "--scope", "all"];
      const rejected = await runCli(environment, ...args, "--expires-in-days", "31");
      expect(rejected.code).to.equal(1);
      expect(rejected.stderr).to.contain("30 days");
      const { stdout } = await runCli(environment, ...args, "--expires-in-days", "30");
      expect(trackSecret(stdout.trim())).to.match(/^acme_[0-9A-Za-z]{39}$/);
    });

    it("create restricts a token to the specified addresses and rejects an invalid range with the valid one", async () => {
      await createToken("--allow-ip", "10.0.0.0/8", "--allow-ip", "2001:db8::7");
      const [token] = parseLines(await runSuccessfully("token", "list"));
      expect(token?.["allowedIps"]).to.deep.equal(["10.0.0.0/8", "2001:db8::7"]);
      const rejected = await run("token", "create", "--name", "ci", "--scope", "all", "--allow-ip", "10.1.2.3/8");
      expect(rejected).to.include({ code: 1, stdout: "" });
      expect(rejected.stderr).to.match(/^gatehouse: allowedIps\.0: "10\.1\.2\.3\/8" .*10\.0\.0\.0\/8\.\n$/);
    });

    it("import stores a secret from standard input, or its hash", async () => {
      const secret = trackSecret("a-script-has-sent-this-for-years");
      const importToken = (input: string, ...args: readonly string[]) =>
        runCliWithInput(input, { DATA_DIR: dataDir }, "token", "import", "--name", "old", ...args);
      const imported = await importToken(`${secret}\n`, "--full-access");
      expect(imported).to.include({ code: 0, stdout: "" });
      expect(imported.stderr).to.match(/^tok_\w{26} has been imported/);
      const hashedSecret = trackSecret("another-script-has-sent-this-one");
      const hash = createHash("sha256").update(hashedSecret).digest("hex");
      expect((await importToken(hash, "--hash", "--scope", "admin:scim", "--type", "scim")).code).to.equal(0);
      const [first, second] = parseLines(await runSuccessfully("token", "list"));
      expect(first).to.deep.include({ scopes: ["all"], format: "legacy" });
      expect(second).to.deep.include({ type: "scim", scopes: ["admin:scim"] });
      for (const [input, args, problem] of [
        [secret, ["--full-access"], /already/],
        ["short", ["--full-access"], /16 to 512/],
        ["nothing", ["--hash", "--full-access"], /SHA-256/],
        ["", ["--full-access"], /16 to 512/],
      ] as const) {
        const rejected = await importToken(input, ...args);
        expect(rejected.code).to.equal(1);
        expect(rejected.stderr)
          .to.match(/^gatehouse: /)
          .and.to.match(problem);
      }
      await assertNoSecretsInFiles(dataDir);
      const service = await startProcess({ DATA_DIR: dataDir });
      await service.clientWithSecret(secret).get("/api/users").expect(200);
      await service.clientWithSecret(hashedSecret).get("/scim/v2/Users").expect(200);
      await service.clientWithSecret(hashedSecret).get("/api/users").expect(403);
      await service.stop("SIGTERM");
    });

    it("import requires the scopes, so that full access is never imported by accident", async () => {
      const secret = trackSecret("a-script-has-sent-this-for-years");
      const importToken = (...args: readonly string[]) =>
        runCliWithInput(secret, { DATA_DIR: dataDir }, "token", "import", "--name", "old", ...args);
      for (const [args, problem] of [
        [[], /--scope or --full-access is required/],
        [["--scope", "admin:scim", "--full-access"], /cannot be combined/],
      ] as const) {
        const rejected = await importToken(...args);
        expect(rejected).to.include({ code: 2, stdout: "" });
        expect(rejected.stderr).to.match(problem);
      }
      expect(parseLines(await runSuccessfully("token", "list"))).to.deep.equal([]);
    });

    it("verify-format checks the format and checksum without a database and prints no secret", async () => {
      const secret = trackSecret(mintSecret("wxt"));
      const misspelled = `${secret.slice(0, -1)}${secret.endsWith("x") ? "y" : "x"}`;
      const verify = (input: string, environment: Record<string, string> = { DATA_DIR: join(dataDir, "none") }) =>
        runCliWithInput(input, environment, "token", "verify-format");
      const { code, stdout } = await verify(`${secret}\n\n ${misspelled}\njunk`);
      expect(code).to.equal(1);
      expect(parseLines(stdout)).to.deep.equal([
        { line: 1, isToken: true, prefix: secret.slice(0, 12) },
        { line: 3, isToken: false },
        { line: 4, isToken: false },
      ]);
      assertNoSecrets(stdout, "standard output");
      expect((await verify(secret)).code).to.equal(0);
      expect((await verify(secret, { TOKEN_PREFIX: "acme" })).code).to.equal(1);
      expect((await verify("\n")).code).to.equal(2);
      expect((await verify("x".repeat(1_000_001))).code).to.equal(2);
      expect(await readdir(dataDir)).to.not.include("none");
    });

    it("list prints the properties of tokens without their secrets and hashes", async () => {
      const secret = await createToken("--expires-in-days", "7", "--type", "scim");
      const stdout = await runSuccessfully("token", "list");
      assertNoSecrets(stdout, "the list");
      expect(stdout).to.not.match(/secret|hash|s256/);
      const [token = {}, ...others] = parseLines(stdout);
      expect(others).to.deep.equal([]);
      expect(token).to.deep.include({
        ...{ name: "ci", status: "active", type: "scim", scopes: ["admin:scim"], requestCount: 0 },
        ...{ prefix: secret.slice(0, 12) },
      });
      const lifetimeMs = Date.parse(String(token["expiresAt"])) - Date.parse(String(token["createdAt"]));
      expect(Math.round(lifetimeMs / 86_400_000)).to.equal(7);
    });

    it("list prints all pages", async () => {
      const { store, tokens, organizations, dataDir: directory, dispose } = await openDomain();
      const id = (await organizations.findBySlug("default"))?.id ?? "";
      const author = { actor: { type: "operator" } } as const;
      await Promise.all(
        Array.from({ length: 205 }, () => tokens.create(id, author, { name: "x", scopes: ["connect:read"] })),
      );
      await store.close();
      const { stdout } = await runCli({ DATA_DIR: directory }, "token", "list");
      expect(new Set(parseLines(stdout).map((token) => token["id"])).size).to.equal(205);
      await dispose();
    });

    it("revoke revokes a token permanently and changes nothing when it is repeated", async () => {
      await createToken();
      const id = await readFirstTokenId();
      const first = await run("token", "revoke", id);
      expect(first).to.include({ code: 0, stdout: "" });
      expect(first.stderr).to.match(new RegExp(`^${id} was revoked at \\d{4}-`));
      expect((await run("token", "revoke", id)).stderr).to.equal(first.stderr);
      expect(parseLines(await runSuccessfully("token", "list"))[0]).to.include({ status: "revoked" });
    });

    it("uses the specified organization only", async () => {
      await runSuccessfully("organization", "create", "acme");
      await createToken("--organization", "acme");
      const id = await readFirstTokenId("--organization", "acme");
      expect(await runSuccessfully("token", "list")).to.equal("");
      expect(await run("token", "revoke", id)).to.include({ code: 1, stdout: "" });
      await runSuccessfully("token", "revoke", id, "--organization", "acme");
      const missing = await run("token", "list", "--organization", "missing");
      expect(missing).to.include({
        code: 1,
        stderr:
          'gatehouse: There is no organization missing. Create it with "gatehouse organization create missing".\n',
      });
    });

    it("create rejects a user who is not in the organization", async () => {
      const rejected = await run("token", "create", "--name", "x", "--scope", "connect:read", "--user", "usr_none");
      expect(rejected).to.include({ code: 1, stdout: "" });
      expect(rejected.stderr).to.match(/^gatehouse: .*userId/);
    });

    const readFirstTokenId = async (...options: readonly string[]): Promise<string> =>
      String(parseLines(await runSuccessfully("token", "list", ...options))[0]?.["id"]);
  });

  it("fails while another process uses the store, and changes nothing", async () => {
    const store = openSqliteStore({ dataDir, collections });
    const { code, stdout, stderr } = await run("organization", "create", "default");
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
    expect(stderr).to.match(/^gatehouse: .*is in use by another gatehouse process/);
    await store.close();
    expect(await runSuccessfully("organization", "list")).to.equal("");
  });

  it("reports every invalid environment variable before it opens the store", async () => {
    const environment = { DATA_DIR: join(dataDir, "missing"), PORT: "none", AUTH_SECRET: "brief" };
    const { code, stdout, stderr } = await runCli(environment, "organization", "list");
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
    expect(stderr).to.contain("PORT is not").and.to.contain("AUTH_SECRET has fewer").and.not.contain("brief");
    expect(await readdir(dataDir)).to.not.include("missing");
  });
});

function parseLines(stdout: string): Record<string, unknown>[] {
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
