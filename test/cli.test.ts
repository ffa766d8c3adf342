import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { mintSecret } from "../src/domain/tokens/format.ts";
import { collections } from "../src/store/collections.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import { openDomain } from "./domain/opened.ts";
import { pipeToCli, runCli, startProcess } from "./support/process.ts";
import { assertFilesHoldNoSecret, assertHoldsNoSecret, remember } from "./support/secrets.ts";

describe("The operator's commands", () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "gatehouse-cli-"));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  const run = (...args: readonly string[]) => runCli({ DATA_DIR: dataDir }, ...args);
  /** Runs a command that must succeed. @returns its standard output */
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args);
    expect(code, stderr).to.equal(0);
    return stdout;
  };
  const listed = (stdout: string) =>
    stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const issue = async (...more: readonly string[]): Promise<string> =>
    remember((await ok("token", "create", "--name", "ci", "--scope", "admin:scim", ...more)).trim());

  describe("organization", () => {
    it("create makes one, list shows them in order of creation", async () => {
      const [made] = listed(await ok("organization", "create", "acme", "--name", "Acme Inc."));
      expect(made).to.include({ slug: "acme", name: "Acme Inc." });
      await ok("organization", "create", "default");
      const all = listed(await ok("organization", "list"));
      expect(all.map(({ slug, name }) => [slug, name])).to.deep.equal([
        ["acme", "Acme Inc."],
        ["default", "default"],
      ]);
      expect(all[0]).to.have.all.keys("id", "slug", "name", "createdAt").and.to.include({ id: made.id });
    });

    it("create refuses a slug that is taken, and one that is none, naming it", async () => {
      await ok("organization", "create", "acme");
      for (const [slug, says] of [
        ["acme", /^gatehouse: .*(taken|exists|already)/],
        ["Acme Inc", /^gatehouse: slug must be 1 to 63 lower-case letters/],
      ] as const) {
        const { code, stdout, stderr } = await run("organization", "create", slug);
        expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
        expect(stderr).to.match(says);
      }
      expect(listed(await ok("organization", "list"))).to.have.length(1);
    });
  });

  describe("token", () => {
    beforeEach(() => ok("organization", "create", "default"));

    it("create prints the secret alone on standard output, and what it is on standard error", async () => {
      const { code, stdout, stderr } = await run("token", "create", "--name", "ci", "--scope", "admin:scim");
      expect(code).to.equal(0);
      expect(stdout).to.match(/^wxt_[0-9A-Za-z]{39}\n$/);
      remember(stdout.trim());
      expect(stderr).to.match(/^tok_\w{26} has been created/);
      assertHoldsNoSecret(stderr, "standard error");
      await assertFilesHoldNoSecret(dataDir);
    });

    it("create obeys TOKEN_PREFIX and TOKEN_MAX_TTL_DAYS as the service does", async () => {
      const environment = { DATA_DIR: dataDir, TOKEN_PREFIX: "acme", TOKEN_MAX_TTL_DAYS: "30" };
      const words = ["token", "create", "--name", "ci", "--scope", "all"];
      const refused = await runCli(environment, ...words, "--expires-in-days", "31");
      expect(refused.code).to.equal(1);
      expect(refused.stderr).to.contain("within 30 days");
      const { stdout } = await runCli(environment, ...words, "--expires-in-days", "30");
      expect(remember(stdout.trim())).to.match(/^acme_[0-9A-Za-z]{39}$/);
    });

    it("create binds a token to the addresses that are named, and says how a wrong one is written", async () => {
      await issue("--allow-ip", "10.0.0.0/8", "--allow-ip", "2001:db8::7");
      expect(listed(await ok("token", "list"))[0].allowedIps).to.deep.equal(["10.0.0.0/8", "2001:db8::7"]);
      const wrong = await run("token", "create", "--name", "ci", "--scope", "all", "--allow-ip", "10.1.2.3/8");
      expect(wrong).to.include({
        code: 1,
        stdout: "",
        stderr: 'gatehouse: "10.1.2.3/8" has bits set behind its prefix. Write 10.0.0.0/8.\n',
      });
    });

    it("import takes over a token that is in use elsewhere, from standard input, itself or its hash", async () => {
      const secret = remember("a-script-has-sent-this-for-years");
      const pipe = (input: string, ...args: readonly string[]) =>
        pipeToCli(input, { DATA_DIR: dataDir }, "token", "import", "--name", "old", ...args);
      const plain = await pipe(`${secret}\n`);
      expect(plain).to.include({ code: 0, stdout: "" });
      expect(plain.stderr).to.match(/^tok_\w{26} has been imported/);
      const other = remember("another-script-has-sent-this-one");
      const hash = createHash("sha256").update(other).digest("hex");
      expect((await pipe(hash, "--hash", "--scope", "admin:scim", "--type", "scim")).code).to.equal(0);
      const [first, second] = listed(await ok("token", "list"));
      expect(first).to.not.have.property("scopes");
      expect(second).to.deep.include({ type: "scim", scopes: ["admin:scim"] });
      for (const [input, args, says] of [
        [secret, [], /already/],
        ["short", [], /16 to 512/],
        ["nothing", ["--hash"], /SHA-256/],
        ["", [], /16 to 512/],
      ] as const) {
        const refused = await pipe(input, ...args);
        expect(refused.code).to.equal(1);
        expect(refused.stderr)
          .to.match(/^gatehouse: /)
          .and.to.match(says);
      }
      await assertFilesHoldNoSecret(dataDir);
      const service = await startProcess({ DATA_DIR: dataDir });
      await service.with(secret).get("/api/users").expect(200);
      await service.with(other).get("/scim/v2/Users").expect(200);
      await service.with(other).get("/api/users").expect(403);
      await service.with("no-script-has-ever-sent-this-one").get("/api/users").expect(401);
      await service.end("SIGTERM");
    });

    it("verify-format tells tokens by their checksum, offline and without repeating them", async () => {
      const secret = remember(mintSecret("wxt"));
      const typed = `${secret.slice(0, -1)}${secret.endsWith("x") ? "y" : "x"}`;
      const environment = { DATA_DIR: join(dataDir, "none") };
      const { code, stdout } = await pipeToCli(`${secret}\n\n ${typed}\njunk`, environment, "token", "verify-format");
      expect(code).to.equal(1);
      expect(listed(stdout)).to.deep.equal([
        { line: 1, isToken: true, prefix: secret.slice(0, 12) },
        { line: 3, isToken: false },
        { line: 4, isToken: false },
      ]);
      assertHoldsNoSecret(stdout, "what it says");
      expect((await pipeToCli(secret, environment, "token", "verify-format")).code).to.equal(0);
      expect((await pipeToCli(secret, { TOKEN_PREFIX: "acme" }, "token", "verify-format")).code).to.equal(1);
      expect((await pipeToCli("\n", environment, "token", "verify-format")).code).to.equal(2);
      expect(await readdir(dataDir)).to.not.include("none");
    });

    it("list shows what a token is, without its secret and without its hash", async () => {
      const secret = await issue("--expires-in-days", "7", "--type", "scim");
      const stdout = await ok("token", "list");
      assertHoldsNoSecret(stdout, "the list");
      expect(stdout).to.not.match(/secret|hash|s256/);
      const [token, ...more] = listed(stdout);
      expect(more).to.deep.equal([]);
      expect(token).to.deep.include({
        ...{ name: "ci", status: "active", type: "scim", scopes: ["admin:scim"], requestCount: 0 },
        ...{ prefix: secret.slice(0, 12) },
      });
      const days = (Date.parse(token.expiresAt) - Date.parse(token.createdAt)) / 86_400_000;
      expect(Math.round(days)).to.equal(7);
    });

    it("list shows more than one page", async () => {
      const { store, tokens, organizations, dataDir: folder, dispose } = await openDomain();
      const id = (await organizations.bySlug("default"))?.id ?? "";
      const author = { actor: { type: "operator" } } as const;
      await Promise.all(
        Array.from({ length: 205 }, () => tokens.create(id, author, { name: "x", scopes: ["connect:read"] })),
      );
      await store.close();
      const { stdout } = await runCli({ DATA_DIR: folder }, "token", "list");
      expect(new Set(listed(stdout).map((token) => token.id)).size).to.equal(205);
      await dispose();
    });

    it("revoke is final: listed as revoked, done again without a change", async () => {
      await issue();
      const [{ id }] = listed(await ok("token", "list"));
      const first = await run("token", "revoke", id);
      expect(first).to.include({ code: 0, stdout: "" });
      expect(first.stderr).to.match(new RegExp(`^${id} was revoked at \\d{4}-`));
      expect((await run("token", "revoke", id)).stderr).to.equal(first.stderr);
      expect(listed(await ok("token", "list"))[0].status).to.equal("revoked");
    });

    it("works in the organization that is named, and sees no other's tokens", async () => {
      await ok("organization", "create", "acme");
      await issue("--organization", "acme");
      const [{ id }] = listed(await ok("token", "list", "--organization", "acme"));
      expect(await ok("token", "list")).to.equal("");
      const foreign = await run("token", "revoke", id);
      expect(foreign).to.include({ code: 1, stderr: "gatehouse: There is no such token.\n" });
      await ok("token", "revoke", id, "--organization", "acme");
      const missing = await run("token", "list", "--organization", "nobody");
      expect(missing).to.include({ code: 1, stderr: "gatehouse: There is no organization nobody.\n" });
    });

    it("a personal token needs a user of the organization", async () => {
      const words = ["token", "create", "--name", "x", "--scope", "connect:read", "--user", "usr_none"];
      const { code, stdout, stderr } = await run(...words);
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
      expect(stderr).to.contain("userId names no active user");
    });
  });

  describe("wrong words", () => {
    const wrong: Readonly<Record<string, readonly string[]>> = {
      nothing: [],
      "an unknown subject": ["user", "create"],
      "an unknown verb": ["token", "steal"],
      "what every object has": ["constructor"],
      "an unknown option": ["token", "list", "--all"],
      "a word too many": ["token", "list", "more"],
      "no slug": ["organization", "create"],
      "two slugs": ["organization", "create", "a", "b"],
      "no name": ["token", "create", "--scope", "all"],
      "no scope": ["token", "create", "--name", "x"],
      "an unknown scope": ["token", "create", "--name", "x", "--scope", "root"],
      "an unknown type": ["token", "create", "--name", "x", "--scope", "all", "--type", "root"],
      "days that are no number": ["token", "create", "--name", "x", "--scope", "all", "--expires-in-days", "soon"],
      "no token id": ["token", "revoke"],
    };
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "gatehouse-cli-"));
      await runCli({ DATA_DIR: folder }, "organization", "create", "default");
    });
    after(() => rm(folder, { recursive: true, force: true }));

    for (const [what, words] of Object.entries(wrong)) {
      it(`(${what}) end with 2 and the usage, and nothing on standard output`, async () => {
        const { code, stdout, stderr } = await runCli({ DATA_DIR: folder }, ...words);
        expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
        expect(stderr)
          .to.contain("gatehouse token create --name NAME")
          .and.not.match(/\.js:\d/);
      });
    }
  });

  it("are refused with a clear message while another process holds the store, and harm nothing", async () => {
    const store = openSqliteStore({ dataDir, collections });
    const { code, stdout, stderr } = await run("organization", "create", "default");
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
    expect(stderr).to.match(/^gatehouse: .*is in use by another gatehouse process\. Stop it first/);
    await store.close();
    expect(await ok("organization", "list")).to.equal("");
  });

  it("are refused by wrong settings, each by name, before anything is opened", async () => {
    const missing = join(dataDir, "not-made");
    const environment = { DATA_DIR: missing, PORT: "none", AUTH_SECRET: "short" };
    const { code, stdout, stderr } = await runCli(environment, "organization", "list");
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
    expect(stderr).to.contain("PORT must be").and.to.contain("AUTH_SECRET must have").and.not.contain("short");
    expect(await readdir(dataDir)).to.deep.equal([]);
  });

  it("make tokens that open the service's doors", async () => {
    await ok("organization", "create", "default");
    const secret = await issue();
    const service = await startProcess({ DATA_DIR: dataDir });
    try {
      await service.with(secret).get("/scim/v2/Users").expect(200);
    } finally {
      expect(await service.end("SIGTERM")).to.equal(0);
    }
  });
});
