import { isIP } from "node:net";
import { z } from "zod";
import { readTraceConfig, type TraceConfig } from "./config-traces.ts";
import {
  base64Key,
  integer,
  isAddressOrCidr,
  isHostName,
  isOrigin,
  isPublicUrl,
  list,
  readableFile,
} from "./config-values.ts";
import { type AuditLogFormat, auditLogFormats } from "./domain/audit/event-lines.ts";
import type { ContentLimits } from "./domain/catalog/content-quota.ts";
import { parseIpRange } from "./domain/ip-range.ts";
import { type ArgumentAudit, argumentAudits } from "./domain/mcp/audited-arguments.ts";
import { apiSurfaces } from "./domain/rate-limit/policies.ts";
import type { RateLimit } from "./domain/rate-limit/quota.ts";
import { StartupError } from "./errors.ts";
import { type LogLevel, logLevels } from "./log.ts";

/** The settings of the environment, validated and typed. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** The URL at which clients reach the service, without a trailing slash. */
  readonly publicUrl: string;
  /** Whether `publicUrl` was set, and not derived from the address that the service listens on. */
  readonly hasPublicUrl: boolean;
  readonly dataDir: string;
  readonly mongodbUri?: string;
  /** False disables the caches of stored data, for example to find out whether one of them causes an error. */
  readonly hasCache: boolean;
  readonly authSecret?: string;
  /** The path of the file to create with the first token. */
  readonly bootstrapTokenFile?: string;
  readonly tokenPrefix: string;
  readonly tokenPepper?: string;
  readonly tokenMaxTtlDays?: number;
  readonly oauthTokenSeconds: number;
  readonly contentLimits: ContentLimits;
  /** The retention of audit events, in days; undefined keeps them indefinitely. */
  readonly auditRetentionDays?: number;
  /** Whether the keys of identity providers may be read from private addresses and over plain HTTP. */
  readonly jwksAllowPrivate: boolean;
  /** The keys that encrypt the credentials of MCP servers, 32 bytes each: the current one, then the previous ones. */
  readonly credentialKeys: readonly Buffer[];
  /** Addresses and CIDR ranges of MCP servers that are allowed although they are not public. */
  readonly upstreamAllow: readonly string[];
  /** The path of PEM certificates of authorities that MCP servers' certificates may come from. */
  readonly upstreamCaFile?: string;
  /** Addresses and CIDR ranges of the proxies that may set X-Forwarded-For. */
  readonly trustProxy: readonly string[];
  readonly rateLimits: RateLimits;
  /** Origins of web pages that may use a user's view of `/api`. */
  readonly corsOrigins: readonly string[];
  /** Origins of web pages that may use `/mcp`, besides that of `publicUrl`. */
  readonly mcpAllowedOrigins: readonly string[];
  /** Names of this service in the Host header of `/mcp`, besides that of `publicUrl`. */
  readonly mcpAllowedHosts: readonly string[];
  /** What the audit log records of the arguments of tool calls. */
  readonly mcpAuditArguments: ArgumentAudit;
  /** Whether `/console` serves the pages for administrators. */
  readonly hasConsole: boolean;
  readonly logLevel: LogLevel;
  /** Whether standard output receives a line for each request. */
  readonly hasAccessLog: boolean;
  /** Whether and how standard output receives a line for each audit event. */
  readonly auditLog: AuditLogFormat;
  /** The address that serves metrics; undefined: there are none. */
  readonly metricsAddress?: { readonly host: string; readonly port: number };
  /** How traces are sent, from the variables of OpenTelemetry; undefined: there are none. */
  readonly traces?: TraceConfig;
  readonly tls?: { readonly certPath: string; readonly keyPath: string };
}

/** The limits: each API per token and per organization, and failed authentications per address. */
const rateLimitNames = [
  ...apiSurfaces,
  ...apiSurfaces.map((surface) => `${surface}-organization` as const),
  "failures",
] as const;

/** The rate limits by name. A limit that is absent does not apply. */
export type RateLimits = Readonly<Partial<Record<(typeof rateLimitNames)[number], RateLimit>>>;

/** One environment variable: its purpose and its default. The table in the README repeats these texts. */
export interface Setting {
  readonly description: string;
  readonly defaultValue: string;
}

/** All settings, in the order of the README. */
export const settings = {
  HOST: { description: "address to listen on", defaultValue: "127.0.0.1" },
  PORT: { description: "port to listen on", defaultValue: "8080" },
  PUBLIC_URL: {
    description: "base URL of locations in responses, as clients reach the service; default: HOST and PORT",
    defaultValue: "",
  },
  DATA_DIR: { description: "directory of the embedded database", defaultValue: "./data" },
  MONGODB_URI: { description: "MongoDB replica set to use instead of the embedded database", defaultValue: "" },
  CACHE: { description: "`on`, or `off` to read everything from the database", defaultValue: "on" },
  AUTH_SECRET: {
    description: "fixed credential with full access to the default organization, 32 characters or more",
    defaultValue: "",
  },
  GATEHOUSE_BOOTSTRAP_TOKEN_FILE: {
    description: "path of a file to create with the first token, instead of printing it",
    defaultValue: "",
  },
  TOKEN_PREFIX: { description: "prefix of tokens: 2 to 8 lowercase letters or digits", defaultValue: "wxt" },
  TOKEN_PEPPER: {
    description: "key of the token hashes, stored outside the database, 16 characters or more",
    defaultValue: "",
  },
  TOKEN_MAX_TTL_DAYS: { description: "maximum lifetime of a new token, in days", defaultValue: "" },
  OAUTH_TOKEN_SECONDS: {
    description: "lifetime of an access token of `/oauth/token`, in seconds, 300 to 21600",
    defaultValue: "3600",
  },
  AUDIT_RETENTION_DAYS: { description: "retention of audit events, in days; default: indefinite", defaultValue: "" },
  USER_CONTENT_MAX_MIB: {
    description:
      "maximum size of all catalog resources that one user owns, in MiB (2^20 characters of JSON), 1 to 4096",
    defaultValue: "32",
  },
  ORGANIZATION_CONTENT_MAX_MIB: {
    description: "maximum size of all catalog resources of an organization, in MiB, 1 to 1048576",
    defaultValue: "4096",
  },
  JWKS_ALLOW_PRIVATE: {
    description: "`true` allows keys of identity providers at private addresses and over plain HTTP",
    defaultValue: "false",
  },
  CREDENTIAL_KEY: {
    description:
      "key that encrypts credentials of MCP servers and secrets of webhooks, 32 bytes in base64; needed to store any",
    defaultValue: "",
  },
  CREDENTIAL_KEYS_PREVIOUS: {
    description: "comma-separated previous values of CREDENTIAL_KEY, which still decrypt",
    defaultValue: "",
  },
  UPSTREAM_ALLOW: {
    description:
      "comma-separated addresses or CIDR ranges of MCP servers and webhooks that need not be public nor use HTTPS",
    defaultValue: "",
  },
  UPSTREAM_CA_FILE: {
    description: "path of PEM certificates of further authorities for the certificates of MCP servers and webhooks",
    defaultValue: "",
  },
  TRUST_PROXY: { description: "comma-separated addresses or CIDR ranges of trusted proxies", defaultValue: "" },
  RATE_LIMIT: {
    description: "`off`, or changes to these limits, each as requests/seconds or `off`",
    defaultValue: [
      ...["scim=500/10", "api=3000/60", "connect=100/60", "connect-organization=1000/3600"],
      ...["mcp=100/60", "mcp-organization=1000/3600", "failures=300/60"],
    ].join(","),
  },
  CORS_ORIGINS: {
    description: "comma-separated origins of web pages that may use a user's view of `/api`",
    defaultValue: "",
  },
  MCP_ALLOWED_ORIGINS: {
    description: "comma-separated origins of web pages that may use `/mcp`, besides that of PUBLIC_URL",
    defaultValue: "",
  },
  MCP_ALLOWED_HOSTS: {
    description: "comma-separated host names under which `/mcp` may be requested, besides that of PUBLIC_URL",
    defaultValue: "",
  },
  MCP_AUDIT_ARGUMENTS: {
    description:
      "what the audit log records of the arguments of tool calls: `none`, `keys`, or `full` with masked secrets",
    defaultValue: "none",
  },
  CONSOLE: {
    description: "`on` serves the console for administrators at `/console`, `off` does not",
    defaultValue: "on",
  },
  LOG_LEVEL: { description: "`error`, `warn`, `info` or `debug`", defaultValue: "info" },
  ACCESS_LOG: {
    description: "`on` writes a JSON line for each request to standard output, `off` writes none",
    defaultValue: "on",
  },
  AUDIT_LOG: {
    description: "`json` or `syslog` (RFC 5424) writes a line for each audit event to standard output, `off` none",
    defaultValue: "off",
  },
  METRICS_PORT: {
    description:
      "port that serves `GET /metrics` for Prometheus, without a credential; without it there are no metrics",
    defaultValue: "",
  },
  METRICS_HOST: { description: "address to listen on for METRICS_PORT", defaultValue: "127.0.0.1" },
  TLS_CERT: {
    description: "path of a PEM certificate (chain); with TLS_KEY, the service uses HTTPS",
    defaultValue: "",
  },
  TLS_KEY: { description: "path of the PEM key of TLS_CERT", defaultValue: "" },
} as const satisfies Record<string, Setting>;

type SettingName = keyof typeof settings;
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings. An empty value counts as unset.
 * @param environment the variables; by default, those of the process
 * @throws StartupError that lists every invalid variable with the problem and the fix, and never with its value
 */
export function readConfig(environment: Environment = process.env): Config {
  const values = Object.fromEntries(
    Object.entries(settings).map(([name, { defaultValue }]) => [
      name,
      environment[name]?.trim() || defaultValue || undefined,
    ]),
  );
  const parsed = environmentSchema.safeParse(values);
  const { traces, errors: traceErrors } = readTraceConfig(environment);
  const combinationErrors = [...findCombinationErrors(values), ...traceErrors];
  if (!parsed.success || combinationErrors.length > 0) {
    const firstIssues = new Map(
      (parsed.error?.issues ?? []).toReversed().map((issue) => [issue.path.join("."), issue]),
    );
    const errors = [...firstIssues].toReversed().map(([name, { message }]) => `${name} ${message}`);
    const lines = [...errors, ...combinationErrors].map((each) => `  ${each}`);
    throw new StartupError(`These environment variables are not valid:\n${lines.join("\n")}`);
  }
  const { HOST, PORT, PUBLIC_URL, TLS_CERT, TLS_KEY, ...rest } = parsed.data;
  const tls = TLS_CERT !== undefined && TLS_KEY !== undefined ? { certPath: TLS_CERT, keyPath: TLS_KEY } : undefined;
  const ownUrl = `${tls ? "https" : "http"}://${isIP(HOST) === 6 ? `[${HOST}]` : HOST}:${PORT}`;
  return {
    host: HOST,
    port: PORT,
    publicUrl: (PUBLIC_URL ?? ownUrl).replace(/\/+$/, ""),
    hasPublicUrl: PUBLIC_URL !== undefined,
    dataDir: rest.DATA_DIR,
    hasCache: rest.CACHE === "on",
    tokenPrefix: rest.TOKEN_PREFIX,
    oauthTokenSeconds: rest.OAUTH_TOKEN_SECONDS,
    contentLimits: {
      userMax: rest.USER_CONTENT_MAX_MIB * mebi,
      organizationMax: rest.ORGANIZATION_CONTENT_MAX_MIB * mebi,
    },
    jwksAllowPrivate: rest.JWKS_ALLOW_PRIVATE === "true",
    credentialKeys: [...(rest.CREDENTIAL_KEY ?? []), ...rest.CREDENTIAL_KEYS_PREVIOUS],
    upstreamAllow: rest.UPSTREAM_ALLOW,
    ...(rest.UPSTREAM_CA_FILE !== undefined && { upstreamCaFile: rest.UPSTREAM_CA_FILE }),
    trustProxy: rest.TRUST_PROXY,
    rateLimits: rest.RATE_LIMIT,
    corsOrigins: rest.CORS_ORIGINS.map((each) => each.toLowerCase()),
    mcpAllowedOrigins: rest.MCP_ALLOWED_ORIGINS,
    mcpAllowedHosts: rest.MCP_ALLOWED_HOSTS,
    mcpAuditArguments: rest.MCP_AUDIT_ARGUMENTS,
    hasConsole: rest.CONSOLE === "on",
    logLevel: rest.LOG_LEVEL,
    hasAccessLog: rest.ACCESS_LOG === "on",
    auditLog: rest.AUDIT_LOG,
    ...(rest.METRICS_PORT !== undefined && { metricsAddress: { host: rest.METRICS_HOST, port: rest.METRICS_PORT } }),
    ...(rest.MONGODB_URI !== undefined && { mongodbUri: rest.MONGODB_URI }),
    ...(rest.AUTH_SECRET !== undefined && { authSecret: rest.AUTH_SECRET }),
    ...(rest.GATEHOUSE_BOOTSTRAP_TOKEN_FILE !== undefined && {
      bootstrapTokenFile: rest.GATEHOUSE_BOOTSTRAP_TOKEN_FILE,
    }),
    ...(rest.TOKEN_PEPPER !== undefined && { tokenPepper: rest.TOKEN_PEPPER }),
    ...(rest.TOKEN_MAX_TTL_DAYS !== undefined && { tokenMaxTtlDays: rest.TOKEN_MAX_TTL_DAYS }),
    ...(rest.AUDIT_RETENTION_DAYS !== undefined && { auditRetentionDays: rest.AUDIT_RETENTION_DAYS }),
    ...(traces && { traces }),
    ...(tls && { tls }),
  };
}

const mebi = 1024 * 1024;

/** The characters that a credential in a header may have. */
const visibleAsciiPattern = /^[\x21-\x7e]+$/;

const authSecretFix = 'Set it to 32 to 512 visible ASCII characters, for example the output of "openssl rand -hex 32".';

const environmentSchema = z.object({
  HOST: z.string(),
  PORT: integer(1, 65_535, "an unused port, for example 8080"),
  PUBLIC_URL: z
    .string()
    .refine(
      isPublicUrl,
      "is not an http or https URL without query, fragment and credentials. Set it to the URL that clients use, for example https://id.example.com.",
    )
    .transform((text) => new URL(text).href.replace(/[?#]+$/, ""))
    .optional(),
  DATA_DIR: z.string(),
  MONGODB_URI: z
    .string()
    .regex(
      /^mongodb(\+srv)?:\/\//,
      "does not start with mongodb:// or mongodb+srv://. Set it to the connection string of a replica set, or unset it to use the embedded database.",
    )
    .optional(),
  CACHE: z.enum(["on", "off"], "is neither on nor off. Set it to one of them."),
  AUTH_SECRET: z
    .string()
    .min(32, `has fewer than 32 characters. ${authSecretFix}`)
    .max(512, `has more than 512 characters. ${authSecretFix}`)
    .regex(
      visibleAsciiPattern,
      `contains a space, a control character or a character outside of ASCII. ${authSecretFix}`,
    )
    .optional(),
  GATEHOUSE_BOOTSTRAP_TOKEN_FILE: z.string().optional(),
  TOKEN_PREFIX: z
    .string()
    .regex(
      /^[a-z][a-z0-9]{1,7}$/,
      "is not 2 to 8 lowercase letters and digits that start with a letter. Set it to a prefix like wxt.",
    ),
  TOKEN_PEPPER: z
    .string()
    .min(
      16,
      'has fewer than 16 characters. Set it to a longer random string, for example the output of "openssl rand -hex 32".',
    )
    .optional(),
  TOKEN_MAX_TTL_DAYS: integer(
    1,
    36_500,
    "a number of days, for example 90, or unset it to allow every lifetime",
  ).optional(),
  OAUTH_TOKEN_SECONDS: integer(300, 21_600, "a number of seconds, for example 3600"),
  AUDIT_RETENTION_DAYS: integer(
    1,
    36_500,
    "a number of days, for example 365, or unset it to keep audit events indefinitely",
  ).optional(),
  USER_CONTENT_MAX_MIB: integer(1, 4096, "a number of MiB, for example 32"),
  ORGANIZATION_CONTENT_MAX_MIB: integer(1, 1_048_576, "a number of MiB, for example 4096"),
  JWKS_ALLOW_PRIVATE: z.enum(["true", "false"], "is neither true nor false. Set it to one of them."),
  CREDENTIAL_KEY: z.string().transform(base64Key).optional(),
  CREDENTIAL_KEYS_PREVIOUS: z
    .string()
    .transform((text, context) => text.split(",").flatMap((each) => base64Key(each.trim(), context)))
    .default([]),
  UPSTREAM_ALLOW: z
    .string()
    .transform((text) => text.split(",").map((each) => each.trim()))
    .refine(
      (list) => list.every((each) => typeof parseIpRange(each) !== "string"),
      "is not a list of IP addresses and CIDR ranges. Set it to the addresses of your MCP servers, for example 10.20.0.0/16,127.0.0.1.",
    )
    .default([]),
  UPSTREAM_CA_FILE: readableFile("certificate"),
  TRUST_PROXY: z
    .string()
    .transform((text) => text.split(",").map((each) => each.trim()))
    .refine(
      (list) => list.every(isAddressOrCidr),
      "is not a list of IP addresses and CIDR ranges, or a range in it contains every address. Set it to the addresses of your proxies, for example 10.0.0.0/8,192.0.2.1.",
    )
    .default([]),
  RATE_LIMIT: z.string().transform(parseRateLimits),
  CORS_ORIGINS: list(isOrigin, "is not a list of origins. Set it to origins such as https://app.example.com."),
  MCP_ALLOWED_ORIGINS: list(
    isOrigin,
    "is not a list of origins. Set it to origins such as https://inspector.example.com.",
  ),
  MCP_ALLOWED_HOSTS: list(
    isHostName,
    "is not a list of host names without ports. Set it to names such as gatehouse.internal.",
  ),
  MCP_AUDIT_ARGUMENTS: z.enum(argumentAudits, `is not one of ${argumentAudits.join(", ")}. Set it to one of them.`),
  CONSOLE: z.enum(["on", "off"], "is neither on nor off. Set it to one of them."),
  LOG_LEVEL: z.enum(logLevels, `is not a log level. Set it to one of ${logLevels.join(", ")}.`),
  ACCESS_LOG: z.enum(["on", "off"], "is neither on nor off. Set it to one of them."),
  AUDIT_LOG: z.enum(auditLogFormats, `is not one of ${auditLogFormats.join(", ")}. Set it to one of them.`),
  METRICS_PORT: integer(1, 65_535, "an unused port, for example 9464, or unset it to have no metrics").optional(),
  METRICS_HOST: z.string(),
  TLS_CERT: readableFile("certificate"),
  TLS_KEY: readableFile("key"),
} satisfies Record<SettingName, z.ZodType>);

function findCombinationErrors(values: Readonly<Record<string, unknown>>): string[] {
  const isSet = (name: SettingName): boolean => values[name] !== undefined;
  return [
    ...(isSet("TLS_CERT") === isSet("TLS_KEY")
      ? []
      : ["TLS_CERT and TLS_KEY are not set together. Set both to use HTTPS, or unset both."]),
    ...(isSet("CREDENTIAL_KEYS_PREVIOUS") && !isSet("CREDENTIAL_KEY")
      ? ["CREDENTIAL_KEYS_PREVIOUS is set without CREDENTIAL_KEY. Set CREDENTIAL_KEY to the current key."]
      : []),
    ...(isSet("METRICS_PORT") && Number(values["METRICS_PORT"]) === Number(values["PORT"])
      ? ["METRICS_PORT is the same as PORT. Set it to another unused port, for example 9464."]
      : []),
  ];
}

const rateLimitPattern = new RegExp(`^(${rateLimitNames.join("|")})=(?:off|([1-9]\\d{0,8})/([1-9]\\d{0,4}))$`);

function parseRateLimits(text: string, context: z.RefinementCtx): RateLimits {
  if (text.toLowerCase() === "off") return {};
  const limits = new Map<string, RateLimit>();
  for (const part of `${settings.RATE_LIMIT.defaultValue},${text}`.split(",")) {
    const [, name, requests, seconds] = rateLimitPattern.exec(part.trim()) ?? [];
    if (name === undefined)
      context.addIssue({
        code: "custom",
        message: `is not a list of limits. Set it to off, or to NAME=REQUESTS/SECONDS or NAME=off with the names ${rateLimitNames.join(", ")}, for example scim=500/10,connect=off.`,
      });
    else if (requests === undefined) limits.delete(name);
    else limits.set(name, { requests: Number(requests), seconds: Number(seconds) });
  }
  return Object.fromEntries(limits);
}
