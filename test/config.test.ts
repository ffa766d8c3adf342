import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { settings } from "../src/config/settings.ts";
import { type Config, type Environment, readConfig } from "../src/config.ts";
import { StartupError } from "../src/errors.ts";

const defaultLimits: Config["rateLimits"] = {
  scim: { requests: 500, seconds: 10 },
  api: { requests: 3000, seconds: 60 },
  connect: { requests: 100, seconds: 60 },
  "connect-organization": { requests: 1000, seconds: 3600 },
  mcp: { requests: 100, seconds: 60 },
  "mcp-organization": { requests: 1000, seconds: 3600 },
  failures: { requests: 300, seconds: 60 },
  "webhook-tests": { requests: 10, seconds: 60 },
  "server-refreshes": { requests: 30, seconds: 60 },
};

function without(name: keyof Config["rateLimits"]): Config["rateLimits"] {
  const { [name]: _, ...rest } = defaultLimits;
  return rest;
}

const defaults: Config = {
  host: "127.0.0.1",
  port: 8080,
  publicUrl: "http://127.0.0.1:8080",
  hasPublicUrl: false,
  dataDir: "./data",
  hasCache: true,
  tokenPrefix: "wxt",
  jwksAllowPrivate: false,
  credentialKeys: [],
  upstreamAllow: [],
  oauthTokenSeconds: 3600,
  contentLimits: { userMax: 33_554_432, organizationMax: 4_294_967_296 },
  trustProxy: [],
  rateLimits: defaultLimits,
  corsOrigins: [],
  mcpAllowedOrigins: [],
  mcpAllowedHosts: [],
  mcpAuditArguments: "none",
  hasConsole: true,
  logLevel: "info",
  hasAccessLog: true,
  auditLog: "off",
};

/** Reads settings that are not valid. @returns the error message */
function readInvalid(environment: Environment): string {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof StartupError) return error.message;
    throw error;
  }
  throw new Error(`no error for ${JSON.stringify(environment)}`);
}

interface Expected {
  /** Values with the part of the configuration that they change. */
  readonly accepted: readonly (readonly [string, Partial<Config>])[];
  readonly rejected: readonly string[];
  /** The part of the error message after the variable's name. */
  readonly problem?: string;
}

/** The settings with tests of their own: files, and those that need another one. */
type SpecialSetting = "TLS_CERT" | "TLS_KEY" | "UPSTREAM_CA_FILE" | "CREDENTIAL_KEYS_PREVIOUS" | "METRICS_HOST";

const expected: Readonly<Record<Exclude<keyof typeof settings, SpecialSetting>, Expected>> = {
  HOST: {
    accepted: [
      ["0.0.0.0", { host: "0.0.0.0", publicUrl: "http://0.0.0.0:8080" }],
      ["::1", { host: "::1", publicUrl: "http://[::1]:8080" }],
    ],
    rejected: [],
  },
  PORT: {
    accepted: [
      ["1", { port: 1, publicUrl: "http://127.0.0.1:1" }],
      ["65535", { port: 65_535, publicUrl: "http://127.0.0.1:65535" }],
    ],
    rejected: ["0", "65536", "-1", "80.5", "8e3", "0x50", "http", "99999999999", "8080 8081"],
    problem: "is not a whole number from 1 to 65535. Set it to ",
  },
  PUBLIC_URL: {
    accepted: [
      ["https://id.example", { publicUrl: "https://id.example", hasPublicUrl: true }],
      ["https://id.example/", { publicUrl: "https://id.example", hasPublicUrl: true }],
      ["http://id.example:8443/gate//", { publicUrl: "http://id.example:8443/gate", hasPublicUrl: true }],
      ["https://id.example?", { publicUrl: "https://id.example", hasPublicUrl: true }],
    ],
    rejected: [
      "id.example",
      "ftp://id.example",
      "javascript:alert(1)",
      "https://id.example/?a=1",
      "https://id.example/#top",
      "https://ada:pw@id.example",
      "https://",
    ],
    problem: "is not an http or https URL without query, fragment and credentials. Set it to ",
  },
  DATA_DIR: { accepted: [["/var/lib/gatehouse", { dataDir: "/var/lib/gatehouse" }]], rejected: [] },
  MONGODB_URI: {
    accepted: [
      ["mongodb://db/gate", { mongodbUri: "mongodb://db/gate" }],
      ["mongodb+srv://db/gate", { mongodbUri: "mongodb+srv://db/gate" }],
    ],
    rejected: ["db:27017", "http://db", " mongodb", "postgres://db"],
    problem: "does not start with mongodb:// or mongodb+srv://. Set it to ",
  },
  CACHE: {
    accepted: [
      ["on", {}],
      ["off", { hasCache: false }],
    ],
    rejected: ["true", "OFF", "0"],
    problem: "is neither on nor off. Set it to ",
  },
  AUTH_SECRET: {
    accepted: [
      ["s".repeat(32), { authSecret: "s".repeat(32) }],
      ["s".repeat(512), { authSecret: "s".repeat(512) }],
    ],
    rejected: ["s".repeat(31), "s".repeat(513), `${"s".repeat(32)} ${"s".repeat(32)}`, "é".repeat(32)],
  },
  GATEHOUSE_BOOTSTRAP_TOKEN_FILE: {
    accepted: [["/run/secrets/first-token", { bootstrapTokenFile: "/run/secrets/first-token" }]],
    rejected: [],
  },
  TOKEN_PREFIX: {
    accepted: [
      ["ab", { tokenPrefix: "ab" }],
      ["a2345678", { tokenPrefix: "a2345678" }],
    ],
    rejected: ["a", "a23456789", "WXT", "1ab", "a_b", "a b"],
    problem: "is not 2 to 8 lowercase letters and digits that start with a letter. Set it to ",
  },
  TOKEN_PEPPER: {
    accepted: [["p".repeat(16), { tokenPepper: "p".repeat(16) }]],
    rejected: ["p".repeat(15)],
    problem: "has fewer than 16 characters. Set it to ",
  },
  TOKEN_MAX_TTL_DAYS: {
    accepted: [
      ["1", { tokenMaxTtlDays: 1 }],
      ["36500", { tokenMaxTtlDays: 36_500 }],
    ],
    rejected: ["0", "36501", "-1", "1.5", "never"],
    problem: "is not a whole number from 1 to 36500. Set it to ",
  },
  AUDIT_RETENTION_DAYS: {
    accepted: [
      ["1", { auditRetentionDays: 1 }],
      ["36500", { auditRetentionDays: 36_500 }],
    ],
    rejected: ["0", "36501", "-1", "1.5", "for ever"],
    problem: "is not a whole number from 1 to 36500. Set it to ",
  },
  OAUTH_TOKEN_SECONDS: {
    accepted: [
      ["300", { oauthTokenSeconds: 300 }],
      ["21600", { oauthTokenSeconds: 21_600 }],
    ],
    rejected: ["299", "21601", "1h"],
    problem: "is not a whole number from 300 to 21600. Set it to ",
  },
  USER_CONTENT_MAX_MIB: {
    accepted: [["1", { contentLimits: { userMax: 1_048_576, organizationMax: 4_294_967_296 } }]],
    rejected: ["0", "4097", "1.5", "32MB"],
    problem: "is not a whole number from 1 to 4096. Set it to ",
  },
  ORGANIZATION_CONTENT_MAX_MIB: {
    accepted: [["2", { contentLimits: { userMax: 33_554_432, organizationMax: 2_097_152 } }]],
    rejected: ["0", "1048577", "-1"],
    problem: "is not a whole number from 1 to 1048576. Set it to ",
  },
  JWKS_ALLOW_PRIVATE: {
    accepted: [
      ["true", { jwksAllowPrivate: true }],
      ["false", { jwksAllowPrivate: false }],
    ],
    rejected: ["1", "TRUE", "yes", "10.0.0.0/8"],
    problem: "is neither true nor false. Set it to ",
  },
  CREDENTIAL_KEY: {
    accepted: [
      [Buffer.alloc(32, 1).toString("base64"), { credentialKeys: [Buffer.alloc(32, 1)] }],
      [Buffer.alloc(32, 255).toString("base64url"), { credentialKeys: [Buffer.alloc(32, 255)] }],
    ],
    rejected: [
      Buffer.alloc(31).toString("base64"),
      Buffer.alloc(33).toString("base64"),
      "0".repeat(64),
      `${Buffer.alloc(32).toString("base64")},`,
    ],
    problem: 'is not 32 bytes in base64. Set it to the output of "openssl rand -base64 32".',
  },
  UPSTREAM_ALLOW: {
    accepted: [
      ["127.0.0.1", { upstreamAllow: ["127.0.0.1"] }],
      ["10.20.0.0/16, fd00::/8", { upstreamAllow: ["10.20.0.0/16", "fd00::/8"] }],
    ],
    rejected: ["true", "mcp.example", "10.0.0.1/8", "10.0.0.0/33", "0.0.0.0/0", "::/0", "::ffff:10.0.0.1", "10.0.0.1,"],
    problem: "is not a list of IP addresses and CIDR ranges. Set it to ",
  },
  TRUST_PROXY: {
    accepted: [
      ["10.0.0.1", { trustProxy: ["10.0.0.1"] }],
      ["10.0.0.0/8, 192.0.2.1/32,fd00::/8", { trustProxy: ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"] }],
      ["::ffff:10.0.0.0/104", { trustProxy: ["::ffff:10.0.0.0/104"] }],
    ],
    rejected: [
      ...["true", "false", "1", "loopback", "proxy.example", "10.0.0.1,", "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0.0/x"],
      ...["0.0.0.0/0", "::/0", "fd00::/129", "10.0.0.1,true"],
      // A range that contains the IPv6 form of every IPv4 address would let every client forge its address.
      ...["::/1", "::/80", "::ffff:0:0/96", "::ffff:0.0.0.0/90"],
    ],
    problem: "is not a list of IP addresses and CIDR ranges, or a range in it contains every address. Set it to ",
  },
  RATE_LIMIT: {
    accepted: [
      ["off", { rateLimits: {} }],
      ["OFF", { rateLimits: {} }],
      ["scim=50/1", { rateLimits: { ...defaultLimits, scim: { requests: 50, seconds: 1 } } }],
      [
        "scim-organization=9/1,mcp=1/2",
        {
          rateLimits: {
            ...defaultLimits,
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
            ...defaultLimits,
            api: { requests: 1, seconds: 86_400 },
            failures: { requests: 10, seconds: 60 },
          },
        },
      ],
    ],
    rejected: [
      ...["on", "scim", "scim=0/1", "scim=1/0", "scim=1", "scim=-1/1", "scim=1/1,", "scim=1/1;api=1/1", "scim=OFF"],
      ...["console=1/1", "failures-organization=1/1", "xscim=1/1", "scim=1/1x", "scim=off/1", "off,scim=1/1"],
    ],
    problem: "is not a list of limits. Set it to off, or to NAME=REQUESTS/SECONDS or NAME=off with the names scim, ",
  },
  CORS_ORIGINS: {
    accepted: [
      ["https://App.example", { corsOrigins: ["https://app.example"] }],
      ["https://a.example,http://localhost:5173", { corsOrigins: ["https://a.example", "http://localhost:5173"] }],
    ],
    rejected: ["*", "null", "app.example", "https://a.example/", "https://*.example", "https://a.example,"],
    problem: "is not a list of origins. Set it to origins such as ",
  },
  MCP_ALLOWED_ORIGINS: {
    accepted: [
      ["https://inspector.example", { mcpAllowedOrigins: ["https://inspector.example"] }],
      [
        "https://a.example, http://b.example:6274",
        { mcpAllowedOrigins: ["https://a.example", "http://b.example:6274"] },
      ],
    ],
    rejected: ["*", "inspector.example", "https://a.example/", "https://a.example/path", "file:///x", "null"],
    problem: "is not a list of origins. Set it to origins such as ",
  },
  MCP_ALLOWED_HOSTS: {
    accepted: [["gatehouse.internal,GateHouse", { mcpAllowedHosts: ["gatehouse.internal", "GateHouse"] }]],
    rejected: ["*", "*.internal", "gatehouse:8080", "http://gatehouse", "-a", "a..b", "a b"],
    problem: "is not a list of host names without ports. Set it to ",
  },
  MCP_AUDIT_ARGUMENTS: {
    accepted: (["none", "keys", "full"] as const).map((each) => [each, { mcpAuditArguments: each }] as const),
    rejected: ["all", "NONE", "true"],
    problem: "is not one of none, keys, full. Set it to one of them.",
  },
  CONSOLE: {
    accepted: [
      ["on", {}],
      ["off", { hasConsole: false }],
    ],
    rejected: ["yes"],
    problem: "is neither on nor off",
  },
  LOG_LEVEL: {
    accepted: (["error", "warn", "info", "debug"] as const).map((logLevel) => [logLevel, { logLevel }] as const),
    rejected: ["loud", "INFO", "silly"],
    problem: "is not a log level. Set it to one of error, warn, info, debug.",
  },
  ACCESS_LOG: {
    accepted: [
      ["on", {}],
      ["off", { hasAccessLog: false }],
    ],
    rejected: ["true", "stdout"],
    problem: "is neither on nor off. Set it to ",
  },
  AUDIT_LOG: {
    accepted: [
      ["json", { auditLog: "json" }],
      ["syslog", { auditLog: "syslog" }],
      ["off", {}],
    ],
    rejected: ["on", "JSON"],
    problem: "is not one of off, json, syslog. Set it to ",
  },
  METRICS_PORT: {
    accepted: [["9464", { metricsAddress: { host: "127.0.0.1", port: 9464 } }]],
    rejected: ["0", "65536", "-1", "on", "127.0.0.1:9464"],
    problem: "is not a whole number from 1 to 65535. Set it to an unused port, for example 9464, or unset it",
  },
};

/** Shortens a value for the title of a test. */
const shorten = (value: string): string =>
  value.length <= 60 ? value : `${value.slice(0, 8)}... (${value.length} characters)`;

describe("readConfig", () => {
  it("returns the default of every setting for an empty environment", () => {
    expect(readConfig({})).to.deep.equal(defaults);
  });

  it("treats an empty or blank value as unset", () => {
    for (const empty of ["", "  "]) {
      expect(readConfig(Object.fromEntries(Object.keys(settings).map((name) => [name, empty])))).to.deep.equal(
        defaults,
      );
    }
  });

  it("ignores all other variables", () => {
    expect(readConfig({ host: "0.0.0.0", Port: "1", GATEHOUSE_PORT: "2" })).to.deep.equal(defaults);
  });

  for (const [name, { accepted, rejected, problem = "" }] of Object.entries(expected)) {
    describe(name, () => {
      for (const [value, changes] of accepted) {
        it(`accepts ${JSON.stringify(shorten(value))}`, () => {
          expect(readConfig({ [name]: value })).to.deep.equal({ ...defaults, ...changes });
        });
      }
      for (const value of rejected) {
        it(`rejects ${JSON.stringify(shorten(value))} and reports the problem and the fix`, () => {
          expect(readInvalid({ [name]: value }))
            .to.match(/^These environment variables are not valid:\n {2}/)
            .and.to.contain(`${name} ${problem}`);
        });
      }
    });
  }

  describe("TLS_CERT and TLS_KEY", () => {
    let directory: string;
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), "gatehouse-config-"));
      await writeFile(join(directory, "pem"), "");
    });
    after(() => rm(directory, { recursive: true }));

    it("enable HTTPS when both are set", () => {
      const path = join(directory, "pem");
      expect(readConfig({ TLS_CERT: path, TLS_KEY: path })).to.deep.equal({
        ...{ ...defaults, tls: { certPath: path, keyPath: path }, publicUrl: "https://127.0.0.1:8080" },
      });
    });

    it("are rejected when only one is set", () => {
      for (const name of ["TLS_CERT", "TLS_KEY"]) {
        expect(readInvalid({ [name]: join(directory, "pem") })).to.contain("TLS_CERT and TLS_KEY are not set together");
      }
    });

    it("are rejected when they are not paths of files, each by name", () => {
      for (const path of [join(directory, "missing"), directory]) {
        const message = readInvalid({ TLS_CERT: path, TLS_KEY: path });
        for (const name of ["TLS_CERT", "TLS_KEY"])
          expect(message).to.contain(`${name} is not the path of a readable file. Set it to`);
      }
    });
  });

  describe("CREDENTIAL_KEYS_PREVIOUS", () => {
    const keys = [1, 2, 3].map((byte) => Buffer.alloc(32, byte));
    const [current = "", ...previous] = keys.map((key) => key.toString("base64"));

    it("follow the current key", () => {
      const environment = { CREDENTIAL_KEY: current, CREDENTIAL_KEYS_PREVIOUS: previous.join(", ") };
      expect(readConfig(environment)).to.deep.equal({ ...defaults, credentialKeys: keys });
    });

    it("are rejected without a current key, and when one is not valid", () => {
      expect(readInvalid({ CREDENTIAL_KEYS_PREVIOUS: current })).to.contain("is set without CREDENTIAL_KEY");
      expect(readInvalid({ CREDENTIAL_KEY: current, CREDENTIAL_KEYS_PREVIOUS: `${current},x` })).to.contain(
        "CREDENTIAL_KEYS_PREVIOUS is not 32 bytes in base64.",
      );
    });
  });

  describe("METRICS_PORT and METRICS_HOST", () => {
    it("are the address of the metrics", () => {
      expect(readConfig({ METRICS_PORT: "9464", METRICS_HOST: "10.0.0.7" })).to.deep.equal({
        ...{ ...defaults, metricsAddress: { host: "10.0.0.7", port: 9464 } },
      });
    });

    it("enable no metrics without a port", () => {
      expect(readConfig({ METRICS_HOST: "10.0.0.7" })).to.deep.equal(defaults);
    });

    it("are rejected when the port is that of the APIs, which would serve metrics to their clients", () => {
      for (const ports of [{ METRICS_PORT: "8080" }, { METRICS_PORT: "9464", PORT: "9464" }])
        expect(readInvalid(ports)).to.contain("METRICS_PORT is the same as PORT. Set it to another unused port");
    });
  });

  describe("The variables of OpenTelemetry", () => {
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };
    const protobuf: Config["traces"] = { protocol: "http/protobuf", propagates: true };

    it("enable traces with an endpoint, or with the exporter otlp and its default endpoint", () => {
      for (const environment of [
        endpoint,
        { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://otlp.example.com/v1/traces" },
        { OTEL_TRACES_EXPORTER: "otlp" },
      ])
        expect(readConfig(environment)).to.deep.equal({ ...defaults, traces: protobuf });
    });

    it("enable none otherwise, and then invalid ones that serve other programs are no error", () => {
      for (const environment of [
        { OTEL_SERVICE_NAME: "gatehouse", OTEL_TRACES_SAMPLER: "always_on", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
        { ...endpoint, OTEL_SDK_DISABLED: "TRUE", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
        { ...endpoint, OTEL_TRACES_EXPORTER: "none", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
      ])
        expect(readConfig(environment)).to.deep.equal(defaults);
    });

    it("select the protocol, those of traces first, and whether traces are passed on", () => {
      const json = { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
      expect(readConfig(json).traces?.protocol).to.equal("http/json");
      const ofTraces = { ...json, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf" };
      expect(readConfig(ofTraces).traces?.protocol).to.equal("http/protobuf");
      expect(readConfig({ ...endpoint, OTEL_PROPAGATORS: "none" }).traces?.propagates).to.equal(false);
      expect(readConfig({ ...endpoint, OTEL_PROPAGATORS: "baggage, tracecontext" }).traces).to.deep.equal(protobuf);
    });

    const rejected: Readonly<Record<string, readonly string[]>> = {
      OTEL_SDK_DISABLED: ["1", "yes"],
      OTEL_TRACES_EXPORTER: ["console", "zipkin", "otlp,console"],
      OTEL_EXPORTER_OTLP_ENDPOINT: ["127.0.0.1:4318", "grpc://c:4317", "http://ada:pw@c:4318", "http://"],
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ["/v1/traces"],
      OTEL_EXPORTER_OTLP_PROTOCOL: ["grpc", "http"],
      OTEL_EXPORTER_OTLP_HEADERS: ["api-key", "api key=1", "a=1,b", "a=%E0%A4%A", "=1"],
      OTEL_EXPORTER_OTLP_TIMEOUT: ["10s", "0", "-1"],
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: ["zstd"],
      OTEL_EXPORTER_OTLP_CERTIFICATE: ["/dev/null/none"],
      OTEL_RESOURCE_ATTRIBUTES: ["production", "a=b=c", "a=%"],
      OTEL_TRACES_SAMPLER: ["jaeger_remote", "on"],
      OTEL_TRACES_SAMPLER_ARG: ["10%", "1.5", "-0.1", "x"],
      OTEL_PROPAGATORS: ["b3", "tracecontext,jaeger"],
      OTEL_BSP_SCHEDULE_DELAY: ["5s"],
      OTEL_BSP_MAX_QUEUE_SIZE: ["0"],
    };
    for (const [name, values] of Object.entries(rejected))
      it(`reject ${values.join(" and ")} as ${name}, with the fix`, () => {
        for (const value of values)
          expect(readInvalid({ ...endpoint, [name]: value }), value).to.match(
            new RegExp(`^  ${name} (is|are) [^\n]* Set it to [^\n]*\\.$`, "m"),
          );
      });

    it("are reported together with other settings, and never with their values", () => {
      const secret = "sEcReT=sEcReT=";
      const invalid = Object.fromEntries(Object.keys(rejected).map((name) => [name, secret]));
      const message = readInvalid({ ...invalid, OTEL_TRACES_EXPORTER: "otlp", PORT: "0" });
      expect(message).to.contain("  PORT ").and.to.contain("  OTEL_EXPORTER_OTLP_TIMEOUT ");
      expect(message).to.contain("  OTEL_SDK_DISABLED ");
      expect(message).to.not.contain(secret);
    });
  });

  it("reports every invalid variable at once, on one line each", () => {
    const invalid = { PORT: "0", PUBLIC_URL: "x", TRUST_PROXY: "true", LOG_LEVEL: "loud", TLS_KEY: "/dev/null/none" };
    const lines = readInvalid(invalid).split("\n").slice(1);
    for (const name of Object.keys(invalid))
      expect(lines.filter((line) => line.startsWith(`  ${name} `))).to.have.length(1);
    expect(lines.join("\n")).to.contain("  TLS_CERT and TLS_KEY are not set together");
    expect(lines).to.have.length(6);
  });

  it("never includes a value, so that no secret reaches a log", () => {
    const secret = "sEcReT";
    const invalid = Object.fromEntries(Object.keys(settings).map((name) => [name, `${secret} ${name.length}`]));
    const message = readInvalid({
      ...invalid,
      AUTH_SECRET: secret,
      TOKEN_PEPPER: secret,
      MONGODB_URI: `http://a:${secret}@b`,
    });
    for (const name of ["AUTH_SECRET", "TOKEN_PEPPER", "MONGODB_URI", "PUBLIC_URL"]) expect(message).to.contain(name);
    expect(message).to.not.contain(secret);
  });
});
