import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Config, type Environment, readConfig, settings } from "../src/config.ts";
import { StartError } from "../src/errors.ts";

const standardLimits: Config["rateLimits"] = {
  scim: { requests: 500, seconds: 10 },
  api: { requests: 3000, seconds: 60 },
  connect: { requests: 100, seconds: 60 },
  "connect-organization": { requests: 1000, seconds: 3600 },
  mcp: { requests: 100, seconds: 60 },
  "mcp-organization": { requests: 1000, seconds: 3600 },
  failures: { requests: 300, seconds: 60 },
};

function without(name: keyof Config["rateLimits"]): Config["rateLimits"] {
  const { [name]: _, ...rest } = standardLimits;
  return rest;
}

const standard: Config = {
  host: "127.0.0.1",
  port: 8080,
  publicUrl: "http://127.0.0.1:8080",
  dataDir: "./data",
  tokenPrefix: "wxt",
  jwksAllowPrivate: false,
  oauthTokenSeconds: 3600,
  trustProxy: [],
  rateLimits: standardLimits,
  logLevel: "info",
};

/** @returns the message of the refusal */
function refused(environment: Environment): string {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof StartError) return error.message;
    throw error;
  }
  throw new Error(`it was accepted: ${JSON.stringify(environment)}`);
}

interface Expected {
  /** What is accepted, and what it becomes. */
  readonly accepted: readonly (readonly [string, Partial<Config>])[];
  readonly refused: readonly string[];
  /** What the refusal says that it should be. */
  readonly says?: string;
}

const expected: Readonly<Record<Exclude<keyof typeof settings, "TLS_CERT" | "TLS_KEY">, Expected>> = {
  HOST: {
    accepted: [
      ["0.0.0.0", { host: "0.0.0.0", publicUrl: "http://0.0.0.0:8080" }],
      ["::1", { host: "::1", publicUrl: "http://[::1]:8080" }],
    ],
    refused: [],
  },
  PORT: {
    accepted: [
      ["1", { port: 1, publicUrl: "http://127.0.0.1:1" }],
      ["65535", { port: 65_535, publicUrl: "http://127.0.0.1:65535" }],
    ],
    refused: ["0", "65536", "-1", "80.5", "8e3", "0x50", "http", "99999999999", "8080 8081"],
    says: "must be a whole number from 1 to 65535",
  },
  PUBLIC_URL: {
    accepted: [
      ["https://id.example", { publicUrl: "https://id.example" }],
      ["https://id.example/", { publicUrl: "https://id.example" }],
      ["http://id.example:8443/gate//", { publicUrl: "http://id.example:8443/gate" }],
      ["https://id.example?", { publicUrl: "https://id.example" }],
    ],
    refused: [
      "id.example",
      "ftp://id.example",
      "javascript:alert(1)",
      "https://id.example/?a=1",
      "https://id.example/#top",
      "https://ada:pw@id.example",
      "https://",
    ],
    says: "must be an http or https address without query, fragment or credentials",
  },
  DATA_DIR: { accepted: [["/var/lib/gatehouse", { dataDir: "/var/lib/gatehouse" }]], refused: [] },
  MONGODB_URI: {
    accepted: [
      ["mongodb://db/gate", { mongodbUri: "mongodb://db/gate" }],
      ["mongodb+srv://db/gate", { mongodbUri: "mongodb+srv://db/gate" }],
    ],
    refused: ["db:27017", "http://db", " mongodb", "postgres://db"],
    says: "must begin with mongodb:// or mongodb+srv://",
  },
  AUTH_SECRET: {
    accepted: [
      ["s".repeat(32), { authSecret: "s".repeat(32) }],
      ["s".repeat(512), { authSecret: "s".repeat(512) }],
    ],
    refused: ["s".repeat(31), "s".repeat(513), `${"s".repeat(32)} ${"s".repeat(32)}`, "é".repeat(32)],
    says: "must ",
  },
  TOKEN_PREFIX: {
    accepted: [
      ["ab", { tokenPrefix: "ab" }],
      ["a2345678", { tokenPrefix: "a2345678" }],
    ],
    refused: ["a", "a23456789", "WXT", "1ab", "a_b", "a b"],
    says: "must be 2 to 8 lower-case letters or digits, a letter first",
  },
  TOKEN_PEPPER: {
    accepted: [["p".repeat(16), { tokenPepper: "p".repeat(16) }]],
    refused: ["p".repeat(15)],
    says: "must have 16 characters or more",
  },
  TOKEN_MAX_TTL_DAYS: {
    accepted: [
      ["1", { tokenMaxTtlDays: 1 }],
      ["36500", { tokenMaxTtlDays: 36_500 }],
    ],
    refused: ["0", "36501", "-1", "1.5", "never"],
    says: "must be a whole number from 1 to 36500",
  },
  AUDIT_RETENTION_DAYS: {
    accepted: [
      ["1", { auditRetentionDays: 1 }],
      ["36500", { auditRetentionDays: 36_500 }],
    ],
    refused: ["0", "36501", "-1", "1.5", "for ever"],
    says: "must be a whole number from 1 to 36500",
  },
  OAUTH_TOKEN_SECONDS: {
    accepted: [
      ["300", { oauthTokenSeconds: 300 }],
      ["21600", { oauthTokenSeconds: 21_600 }],
    ],
    refused: ["299", "21601", "1h"],
    says: "must be a whole number from 300 to 21600",
  },
  JWKS_ALLOW_PRIVATE: {
    accepted: [
      ["true", { jwksAllowPrivate: true }],
      ["false", { jwksAllowPrivate: false }],
    ],
    refused: ["1", "TRUE", "yes", "10.0.0.0/8"],
    says: "must be true or false",
  },
  TRUST_PROXY: {
    accepted: [
      ["10.0.0.1", { trustProxy: ["10.0.0.1"] }],
      ["10.0.0.0/8, 192.0.2.1/32,fd00::/8", { trustProxy: ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"] }],
      ["::ffff:10.0.0.0/104", { trustProxy: ["::ffff:10.0.0.0/104"] }],
    ],
    refused: [
      ...["true", "false", "1", "loopback", "proxy.example", "10.0.0.1,", "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0.0/x"],
      ...["0.0.0.0/0", "::/0", "fd00::/129", "10.0.0.1,true"],
      // Whatever holds all of IPv4 in its IPv6 form lets anybody say where a request comes from.
      ...["::/1", "::/80", "::ffff:0:0/96", "::ffff:0.0.0.0/90"],
    ],
    says: "must list addresses or CIDR ranges (10.0.0.0/8), separated by commas",
  },
  RATE_LIMIT: {
    accepted: [
      ["off", { rateLimits: {} }],
      ["OFF", { rateLimits: {} }],
      ["scim=50/1", { rateLimits: { ...standardLimits, scim: { requests: 50, seconds: 1 } } }],
      [
        "scim-organization=9/1,mcp=1/2",
        {
          rateLimits: {
            ...standardLimits,
            "scim-organization": { requests: 9, seconds: 1 },
            mcp: { requests: 1, seconds: 2 },
          },
        },
      ],
      ["api=off,api-organization=off", { rateLimits: without("api") }],
      [
        " api=1/86400 , failures=10/60 ",
        {
          rateLimits: {
            ...standardLimits,
            api: { requests: 1, seconds: 86_400 },
            failures: { requests: 10, seconds: 60 },
          },
        },
      ],
    ],
    refused: [
      ...["on", "scim", "scim=0/1", "scim=1/0", "scim=1", "scim=-1/1", "scim=1/1,", "scim=1/1;api=1/1", "scim=OFF"],
      ...["console=1/1", "failures-organization=1/1", "xscim=1/1", "scim=1/1x", "scim=off/1", "off,scim=1/1"],
    ],
    says: "must be off, or like scim=500/10,connect=off",
  },
  LOG_LEVEL: {
    accepted: (["error", "warn", "info", "debug"] as const).map((logLevel) => [logLevel, { logLevel }] as const),
    refused: ["loud", "INFO", "silly"],
    says: "must be one of error, warn, info, debug",
  },
};

/** A value as the name of a test. */
const shortened = (value: string): string =>
  value.length <= 60 ? value : `${value.slice(0, 8)}... (${value.length} characters)`;

describe("readConfig", () => {
  it("of an empty environment gives the standard of every setting", () => {
    expect(readConfig({})).to.deep.equal(standard);
  });

  it("takes an empty value, or one of spaces, for an unset one", () => {
    for (const empty of ["", "  "]) {
      expect(readConfig(Object.fromEntries(Object.keys(settings).map((name) => [name, empty])))).to.deep.equal(
        standard,
      );
    }
  });

  it("reads nothing but its own settings", () => {
    expect(readConfig({ host: "0.0.0.0", Port: "1", GATEHOUSE_PORT: "2" })).to.deep.equal(standard);
  });

  for (const [name, { accepted, refused: wrong, says = "" }] of Object.entries(expected)) {
    describe(name, () => {
      for (const [value, becomes] of accepted) {
        it(`accepts ${JSON.stringify(shortened(value))}`, () => {
          expect(readConfig({ [name]: value })).to.deep.equal({ ...standard, ...becomes });
        });
      }
      for (const value of wrong) {
        it(`refuses ${JSON.stringify(shortened(value))} and says what it should be`, () => {
          expect(refused({ [name]: value }))
            .to.match(/^The settings are wrong:\n {2}/)
            .and.to.contain(`${name} ${says}`);
        });
      }
    });
  }

  describe("TLS_CERT and TLS_KEY", () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "gatehouse-config-"));
      await writeFile(join(folder, "pem"), "");
    });
    after(() => rm(folder, { recursive: true }));

    it("together make the service speak HTTPS", () => {
      const path = join(folder, "pem");
      expect(readConfig({ TLS_CERT: path, TLS_KEY: path })).to.deep.equal({
        ...{ ...standard, tls: { certPath: path, keyPath: path }, publicUrl: "https://127.0.0.1:8080" },
      });
    });

    it("are refused one without the other", () => {
      for (const name of ["TLS_CERT", "TLS_KEY"]) {
        expect(refused({ [name]: join(folder, "pem") })).to.contain("TLS_CERT and TLS_KEY must be set together");
      }
    });

    it("are refused when they name no file, each by name", () => {
      for (const path of [join(folder, "missing"), folder]) {
        const message = refused({ TLS_CERT: path, TLS_KEY: path });
        for (const name of ["TLS_CERT", "TLS_KEY"])
          expect(message).to.contain(`${name} must be the path of a readable`);
      }
    });
  });

  it("reports all faults at once, a line each", () => {
    const wrong = { PORT: "0", PUBLIC_URL: "x", TRUST_PROXY: "true", LOG_LEVEL: "loud", TLS_KEY: "/dev/null/none" };
    const lines = refused(wrong).split("\n").slice(1);
    for (const name of Object.keys(wrong))
      expect(lines.filter((line) => line.startsWith(`  ${name} `))).to.have.length(1);
    expect(lines).to.include("  TLS_CERT and TLS_KEY must be set together");
    expect(lines).to.have.length(6);
  });

  it("never repeats a value, so that no secret reaches a log", () => {
    const marked = "sEcReT";
    const wrong = Object.fromEntries(Object.keys(settings).map((name) => [name, `${marked} ${name.length}`]));
    const message = refused({
      ...wrong,
      AUTH_SECRET: marked,
      TOKEN_PEPPER: marked,
      MONGODB_URI: `http://a:${marked}@b`,
    });
    for (const name of ["AUTH_SECRET", "TOKEN_PEPPER", "MONGODB_URI", "PUBLIC_URL"]) expect(message).to.contain(name);
    expect(message).to.not.contain(marked);
  });
});
