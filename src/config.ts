import { accessSync, constants, statSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import { z } from "zod";
import { doors } from "./domain/rate/door-quotas.ts";
import type { Limit } from "./domain/rate/quota.ts";
import { StartError } from "./errors.ts";
import { type LogLevel, logLevels } from "./log.ts";

/** What the environment says, checked and typed. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** The address under which clients reach the service, without a slash at the end. */
  readonly publicUrl: string;
  readonly dataDir: string;
  readonly mongodbUri?: string;
  readonly authSecret?: string;
  readonly tokenPrefix: string;
  readonly tokenPepper?: string;
  readonly tokenMaxTtlDays?: number;
  readonly oauthTokenSeconds: number;
  /** How long audit events are kept; absent: for ever. */
  readonly auditRetentionDays?: number;
  /** Whether identity providers may be asked for their keys at private addresses, and over plain HTTP. */
  readonly jwksAllowPrivate: boolean;
  /** Addresses and CIDR ranges of the proxies whose X-Forwarded-For is believed. */
  readonly trustProxy: readonly string[];
  readonly rateLimits: RateLimits;
  readonly logLevel: LogLevel;
  readonly tls?: { readonly certPath: string; readonly keyPath: string };
}

/** What is limited: each door for one token and for one organisation, and failed authentications of one address. */
const limitNames = [...doors, ...doors.map((door) => `${door}-organization` as const), "failures"] as const;

/** A missing one does not limit. */
export type RateLimits = Readonly<Partial<Record<(typeof limitNames)[number], Limit>>>;

/** One setting of the environment: what it is for, and what stands when it is not set. The README's table is this. */
export interface Setting {
  readonly meaning: string;
  readonly standard: string;
}

/** All settings, in the order of the README. */
export const settings = {
  HOST: { meaning: "address to listen on", standard: "127.0.0.1" },
  PORT: { meaning: "port to listen on", standard: "8080" },
  PUBLIC_URL: {
    meaning: "address that clients use, with which locations in answers begin; else HOST and PORT",
    standard: "",
  },
  DATA_DIR: { meaning: "folder of the embedded database", standard: "./data" },
  MONGODB_URI: { meaning: "MongoDB replica set to use instead of the embedded database", standard: "" },
  AUTH_SECRET: {
    meaning: "a fixed credential for everything in the default organization, 32 characters or more",
    standard: "",
  },
  TOKEN_PREFIX: { meaning: "what tokens begin with: 2 to 8 lower-case letters or digits", standard: "wxt" },
  TOKEN_PEPPER: { meaning: "key of the token hashes, 16 characters or more, kept outside the database", standard: "" },
  TOKEN_MAX_TTL_DAYS: { meaning: "longest life of a new token, in days", standard: "" },
  OAUTH_TOKEN_SECONDS: { meaning: "life of an access token of `/oauth/token`, 300 to 21600", standard: "3600" },
  AUDIT_RETENTION_DAYS: { meaning: "how long audit events are kept, in days; not set: for ever", standard: "" },
  JWKS_ALLOW_PRIVATE: {
    meaning: "`true`: keys of identity providers may be read from private addresses, and over plain HTTP",
    standard: "false",
  },
  TRUST_PROXY: { meaning: "comma-separated addresses or CIDR ranges of trusted proxies", standard: "" },
  RATE_LIMIT: {
    meaning: "`off`, or other limits than these, each as requests/seconds or `off`",
    standard: [
      ...["scim=500/10", "api=3000/60", "connect=100/60", "connect-organization=1000/3600"],
      ...["mcp=100/60", "mcp-organization=1000/3600", "failures=300/60"],
    ].join(","),
  },
  LOG_LEVEL: { meaning: "`error`, `warn`, `info` or `debug`", standard: "info" },
  TLS_CERT: { meaning: "path of a PEM certificate (chain); together with TLS_KEY serves HTTPS", standard: "" },
  TLS_KEY: { meaning: "path of its PEM key", standard: "" },
} as const satisfies Record<string, Setting>;

type Name = keyof typeof settings;
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment: the process's where none is given. An empty value is an unset one.
 * @throws StartError that lists every fault, each with its name and what it should be, and never with its value
 */
export function readConfig(environment: Environment = process.env): Config {
  const given = Object.fromEntries(
    Object.entries(settings).map(([name, { standard }]) => [name, environment[name]?.trim() || standard || undefined]),
  );
  const read = schema.safeParse(given);
  const together = togetherFaults(given);
  if (!read.success || together.length > 0) {
    const faults = (read.error?.issues ?? []).map((issue) => `${issue.path.join(".")} ${issue.message}`);
    throw new StartError(`The settings are wrong:\n${[...faults, ...together].map((each) => `  ${each}`).join("\n")}`);
  }
  const { HOST, PORT, PUBLIC_URL, TLS_CERT, TLS_KEY, ...rest } = read.data;
  const tls = TLS_CERT !== undefined && TLS_KEY !== undefined ? { certPath: TLS_CERT, keyPath: TLS_KEY } : undefined;
  const ownUrl = `${tls ? "https" : "http"}://${isIP(HOST) === 6 ? `[${HOST}]` : HOST}:${PORT}`;
  return {
    host: HOST,
    port: PORT,
    publicUrl: (PUBLIC_URL ?? ownUrl).replace(/\/+$/, ""),
    dataDir: rest.DATA_DIR,
    tokenPrefix: rest.TOKEN_PREFIX,
    oauthTokenSeconds: rest.OAUTH_TOKEN_SECONDS,
    jwksAllowPrivate: rest.JWKS_ALLOW_PRIVATE === "true",
    trustProxy: rest.TRUST_PROXY,
    rateLimits: rest.RATE_LIMIT,
    logLevel: rest.LOG_LEVEL,
    ...(rest.MONGODB_URI !== undefined && { mongodbUri: rest.MONGODB_URI }),
    ...(rest.AUTH_SECRET !== undefined && { authSecret: rest.AUTH_SECRET }),
    ...(rest.TOKEN_PEPPER !== undefined && { tokenPepper: rest.TOKEN_PEPPER }),
    ...(rest.TOKEN_MAX_TTL_DAYS !== undefined && { tokenMaxTtlDays: rest.TOKEN_MAX_TTL_DAYS }),
    ...(rest.AUDIT_RETENTION_DAYS !== undefined && { auditRetentionDays: rest.AUDIT_RETENTION_DAYS }),
    ...(tls && { tls }),
  };
}

const integer = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${from} to ${to}`)
    .transform(Number)
    .refine((value) => value >= from && value <= to, `must be a whole number from ${from} to ${to}`);

/** What fits into a header as a credential. */
const visible = /^[\x21-\x7e]+$/;

const schema = z.object({
  HOST: z.string(),
  PORT: integer(1, 65_535),
  PUBLIC_URL: z
    .string()
    .refine(isPublicUrl, "must be an http or https address without query, fragment or credentials")
    .transform((text) => new URL(text).href.replace(/[?#]+$/, ""))
    .optional(),
  DATA_DIR: z.string(),
  MONGODB_URI: z
    .string()
    .regex(/^mongodb(\+srv)?:\/\//, "must begin with mongodb:// or mongodb+srv://")
    .optional(),
  AUTH_SECRET: z
    .string()
    .min(32, "must have 32 characters or more")
    .max(512, "must have 512 characters or fewer")
    .regex(visible, "must be visible ASCII characters without spaces")
    .optional(),
  TOKEN_PREFIX: z.string().regex(/^[a-z][a-z0-9]{1,7}$/, "must be 2 to 8 lower-case letters or digits, a letter first"),
  TOKEN_PEPPER: z.string().min(16, "must have 16 characters or more").optional(),
  TOKEN_MAX_TTL_DAYS: integer(1, 36_500).optional(),
  OAUTH_TOKEN_SECONDS: integer(300, 21_600),
  AUDIT_RETENTION_DAYS: integer(1, 36_500).optional(),
  JWKS_ALLOW_PRIVATE: z.enum(["true", "false"], "must be true or false"),
  TRUST_PROXY: z
    .string()
    .transform((text) => text.split(",").map((each) => each.trim()))
    .refine((list) => list.every(isNetwork), "must list addresses or CIDR ranges (10.0.0.0/8), separated by commas")
    .default([]),
  RATE_LIMIT: z.string().transform(rateLimitsOf),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(", ")}`),
  TLS_CERT: z.string().refine(isReadableFile, "must be the path of a readable file").optional(),
  TLS_KEY: z.string().refine(isReadableFile, "must be the path of a readable file").optional(),
} satisfies Record<Name, z.ZodType>);

function togetherFaults(given: Readonly<Record<string, unknown>>): string[] {
  return (given["TLS_CERT"] === undefined) === (given["TLS_KEY"] === undefined)
    ? []
    : ["TLS_CERT and TLS_KEY must be set together"];
}

function isPublicUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, search, hash, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && [search, hash, username, password].every((part) => part === "");
}

function isReadableFile(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * `true`, hop counts, names and ranges that hold every address are refused: they would let anybody say where a request
 * comes from.
 */
function isNetwork(text: string): boolean {
  const [address = "", length, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (length === undefined) return true;
  const bits = Number(length);
  if (!/^\d{1,3}$/.test(length) || bits < 1 || bits > (version === 4 ? 32 : 128)) return false;
  return version === 4 || !holdsAllOfIPv4(address, bits);
}

/** An IPv4 address is an IPv6 one too (::ffff:0:0/96), and is compared with IPv6 ranges as that. */
function holdsAllOfIPv4(address: string, bits: number): boolean {
  const range = new BlockList();
  range.addSubnet(address, bits, "ipv6");
  return ["::ffff:0.0.0.0", "::ffff:255.255.255.255"].every((each) => range.check(each, "ipv6"));
}

const limitForm = new RegExp(`^(${limitNames.join("|")})=(?:off|([1-9]\\d{0,8})/([1-9]\\d{0,4}))$`);

function rateLimitsOf(text: string, context: z.RefinementCtx): RateLimits {
  if (text.toLowerCase() === "off") return {};
  const limits = new Map<string, Limit>();
  for (const part of `${settings.RATE_LIMIT.standard},${text}`.split(",")) {
    const [, name, requests, seconds] = limitForm.exec(part.trim()) ?? [];
    if (name === undefined)
      context.addIssue({ code: "custom", message: "must be off, or like scim=500/10,connect=off" });
    else if (requests === undefined) limits.delete(name);
    else limits.set(name, { requests: Number(requests), seconds: Number(seconds) });
  }
  return Object.fromEntries(limits);
}
