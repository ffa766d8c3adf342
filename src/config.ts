import { isIP } from "node:net";
import type { RateLimits } from "./config/rate-limits.ts";
import { environmentSchema } from "./config/schema.ts";
import { type SettingName, settings } from "./config/settings.ts";
import { readTraceConfig, type TraceConfig } from "./config/traces.ts";
import type { AuditLogFormat } from "./domain/audit/event-lines.ts";
import type { ContentLimits } from "./domain/catalog/content-quota.ts";
import type { ArgumentAudit } from "./domain/mcp/audited-arguments.ts";
import { StartupError } from "./errors.ts";
import type { LogLevel } from "./log.ts";

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

/** Environment variables by name. */
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
