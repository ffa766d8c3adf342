import { z } from "zod";
import { auditLogFormats } from "../domain/audit/event-lines.ts";
import { parseIpRange } from "../domain/ip-range.ts";
import { argumentAudits } from "../domain/mcp/audited-arguments.ts";
import { logLevels } from "../log.ts";
import { parseRateLimits } from "./rate-limits.ts";
import type { SettingName } from "./settings.ts";
import {
  base64Key,
  integer,
  isAddressOrCidr,
  isHostName,
  isOrigin,
  isPublicUrl,
  list,
  readableFile,
} from "./values.ts";

/** The characters that a credential in a header may have. */
const visibleAsciiPattern = /^[\x21-\x7e]+$/;

const authSecretFix = 'Set it to 32 to 512 visible ASCII characters, for example the output of "openssl rand -hex 32".';

/** The schema of each environment variable. Its messages complete the name of the variable: the problem, then the fix. */
export const environmentSchema = z.object({
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
