import { z } from "zod";
import { actor } from "./audit-event.ts";
import { entityFields, entityResponseFields, readOnlyEntityFields, readOnlyField } from "./entity.ts";
import { labelsField, labelsPatch, labelsResponse } from "./labels.ts";
import { toolRisk } from "./mcp-server.ts";
import { slug, uniqueArray } from "./text.ts";

/** The scopes that a token can have. src/domain/tokens/scopes.ts defines which scopes include which others. */
export const scope = z.enum([
  "all",
  "admin:read",
  "admin:write",
  "admin:scim",
  "admin:tokens",
  "connect:read",
  "connect:write",
  "connect:call",
  "connect:exchange-auth",
]);
export type Scope = z.infer<typeof scope>;

/** The type of a token limits its scopes. */
export const tokenType = z.enum(["admin", "scim", "mcp", "agent"]);
export type TokenType = z.infer<typeof tokenType>;

/** Why a request with a secret of an existing token is rejected. */
export const tokenFailure = z.enum([
  "revoked",
  "disabled",
  "organization-disabled",
  "expired",
  "superseded",
  "user-inactive",
  "parent-inactive",
  "ip-not-allowed",
]);
export type TokenFailure = z.infer<typeof tokenFailure>;

/** One secret of a token: only its hash, prefixed with the algorithm. */
export const tokenSecret = z.object({
  hash: z.string(),
  /** Time from which a previous secret is rejected; absent for the current secret. */
  notAfter: z.iso.datetime({ precision: 3 }).optional(),
  /** Time at which the secret was reported as leaked. */
  reportedAt: z.iso.datetime({ precision: 3 }).optional(),
});

export const token = z.object({
  ...entityFields,
  name: z.string().min(1).max(200),
  description: z.string().max(1000).optional(),
  ...labelsField,
  /** The search terms of the labels: a list, so that an index serves them. */
  labelTerms: z.array(z.object({ term: z.string() })).optional(),
  type: tokenType,
  /** Absent on records that are older than scopes: they have full access. */
  scopes: z.array(scope).min(1).optional(),
  /** The first characters of the secret, enough to recognize it. */
  prefix: z.string(),
  secrets: z.array(tokenSecret),
  /** Present if the secret was imported and has no checksum. */
  format: z.literal("legacy").optional(),
  /** A personal token acts only as this user. */
  userId: z.string().optional(),
  /** The `tokenGeneration` of the user when the token was created. Absent: 0. */
  userGeneration: z.int().optional(),
  /** How the token was created: by request, or in exchange for another credential. */
  origin: z.enum(["issued", "exchange", "oauth"]),
  /**
   * The token for which this one was issued, and without which it is not valid. That token can have a parent itself; the
   * last one is the root.
   */
  parentId: z.string().optional(),
  /** Restricts the token to the MCP servers of one environment and with these slugs, and to the resources that use them. */
  environment: slug.optional(),
  mcpServers: z.array(slug).min(1).optional(),
  /** The highest risk of the tools that the token can list and call; absent: any risk. */
  maxRisk: toolRisk.optional(),
  /** Addresses and CIDR ranges from which the token can be used; absent: any address. */
  allowedIps: z.array(z.string()).min(1).max(64).optional(),
  expiresAt: z.iso.datetime({ precision: 3 }).optional(),
  enabled: z.boolean(),
  /** Present while the organization of the token is disabled. Independent of `enabled`, so that both can be undone. */
  organizationDisabled: z.literal(true).optional(),
  revokedAt: z.iso.datetime({ precision: 3 }).optional(),
  createdBy: actor,
  /** Time and address of the last use in one string, so that one comparison keeps the later of two. */
  lastUsed: z.string().optional(),
  requestCount: z.int().min(0),
  failedCount: z.int().min(0),
  /** `failedCount` by reason. */
  failures: z.partialRecord(tokenFailure, z.int().min(0)).optional(),
  /** IPv4 addresses and IPv6 /64 networks from which the token was used, the newest last. */
  networks: z.array(z.string()).optional(),
  /** Incremented to force a write conflict with a concurrent change of this token. */
  lockVersion: z.int().optional(),
});
export type Token = Readonly<z.infer<typeof token>>;

const fields = {
  name: z.string().max(200).describe("The purpose of the token."),
  description: z.string().max(1000).optional(),
  allowedIps: z
    .array(z.string().max(64))
    .max(64)
    .optional()
    .describe("Addresses and CIDR ranges from which the token can be used. Empty or absent: any address."),
  expiresInDays: z
    .int()
    .min(1)
    .max(36_500)
    .optional()
    .describe("Lifetime in days, such as 7, 30 or 90. Alternative to `expiresAt`."),
  expiresAt: z.iso.datetime({ offset: true }).nullable().optional().describe("Null: the token does not expire."),
};

export const tokenInput = z
  .strictObject({
    ...fields,
    ...labelsField,
    type: tokenType
      .optional()
      .describe("Limits the scopes; `mcp` is read-only. Absent: `admin`, or `mcp` in a user's view."),
    scopes: uniqueArray(scope, scope.options.length)
      .min(1, "must name at least one scope")
      .optional()
      .describe("Absent: the default of the type. Required for type `admin`."),
    userId: z.string().max(100).optional().describe("Creates a personal token, which acts only as this user."),
    environment: slug.optional().describe("Restricts the token to the MCP servers of this environment."),
    mcpServers: uniqueArray(slug, 100)
      .min(1, "must name at least one server")
      .optional()
      .describe("Restricts the token to the MCP servers with these slugs. Never changes."),
    maxRisk: toolRisk
      .optional()
      .describe(
        "Restricts the token to tools of this risk or a lower one: `read`, `write`, `destructive`. Never changes.",
      ),
  })
  .superRefine(checkSingleExpiry)
  .meta({ id: "TokenInput" });
export type TokenInput = z.output<typeof tokenInput>;

/** A field that a request can repeat as the response shows it, and not change. */
const immutable = <T extends z.ZodType>(type: T): z.ZodOptional<z.ZodNullable<T>> =>
  type.nullable().optional().describe("Never changes. A different value is rejected.");

/** A response can be sent back: unchanged, it changes nothing. */
export const tokenPatch = z
  .strictObject({
    ...readOnlyEntityFields,
    name: fields.name.optional(),
    description: fields.description.nullable(),
    ...labelsPatch,
    scopes: tokenInput.shape.scopes.describe("A subset of the current scopes."),
    allowedIps: fields.allowedIps.nullable(),
    expiresInDays: fields.expiresInDays,
    expiresAt: fields.expiresAt,
    enabled: z.boolean().optional().describe("False: the token is rejected until it is enabled again."),
    type: immutable(tokenType),
    userId: immutable(z.string().max(100)),
    environment: immutable(slug),
    mcpServers: immutable(z.array(slug).max(100)),
    maxRisk: immutable(toolRisk),
    origin: readOnlyField(z.string()),
    prefix: readOnlyField(z.string()),
    masked: readOnlyField(z.string()),
    parentId: readOnlyField(z.string()),
    status: readOnlyField(z.string()),
    revokedAt: readOnlyField(z.string().nullable()),
    previousSecretExpiresAt: readOnlyField(z.string().nullable()),
    format: readOnlyField(z.string()),
    lastUsedAt: readOnlyField(z.string().nullable()),
    lastUsedIp: readOnlyField(z.string().nullable()),
    requestCount: readOnlyField(z.int()),
    failedCount: readOnlyField(z.int()),
    failures: readOnlyField(z.looseObject({})),
    createdBy: readOnlyField(z.looseObject({})),
  })
  .superRefine(checkSingleExpiry)
  .meta({ id: "TokenPatch" });
export type TokenPatch = z.output<typeof tokenPatch>;

function checkSingleExpiry(
  { expiresAt, expiresInDays }: { expiresAt?: string | null | undefined; expiresInDays?: number | undefined },
  context: z.RefinementCtx,
): void {
  if (expiresAt === undefined || expiresInDays === undefined) return;
  context.addIssue({
    code: "custom",
    path: ["expiresInDays"],
    message: "cannot be combined with expiresAt; send one of them",
  });
}

export const tokenRotation = z
  .strictObject({
    gracePeriodSeconds: z
      .int()
      .min(0)
      .max(604_800)
      .default(0)
      .describe("How long the previous secret stays valid. With 60, a client that lost the response can retry."),
  })
  .meta({ id: "TokenRotation" });

const nullableInstant = z.iso.datetime({ precision: 3 }).nullable();

/** A token in responses: all its fields except the secrets. */
export const tokenResponse = z
  .object({
    ...entityResponseFields,
    name: z.string(),
    description: z.string().optional(),
    ...labelsResponse,
    type: tokenType,
    origin: token.shape.origin.describe(
      "How the token was created: by request, or in exchange for another credential.",
    ),
    scopes: z.array(scope),
    prefix: z.string().describe("The first characters of the secret."),
    masked: z.string().describe("The masked secret."),
    userId: z.string().optional().describe("The user as whom a personal token acts."),
    parentId: z
      .string()
      .optional()
      .describe("The token for which this one was issued. This token is valid only while that one is active."),
    environment: z.string().optional(),
    mcpServers: z.array(z.string()).optional(),
    maxRisk: toolRisk.optional(),
    allowedIps: z
      .array(z.string())
      .describe("Addresses and CIDR ranges from which the token can be used. Empty: any address."),
    status: z.enum(["active", "disabled", "expired", "revoked"]),
    enabled: z.boolean(),
    expiresAt: nullableInstant.describe("Null: the token does not expire."),
    revokedAt: nullableInstant,
    previousSecretExpiresAt: nullableInstant.describe(
      "The time until which the previous secret is valid after a rotation. Null: only the current secret is valid.",
    ),
    format: token.shape.format.describe("`legacy`: the secret was imported and has no checksum."),
    lastUsedAt: nullableInstant.describe(
      "Time of the last accepted request, updated every few seconds. Null: never used.",
    ),
    lastUsedIp: z.string().nullable(),
    requestCount: z.int(),
    failedCount: z.int().describe("Number of rejected requests with a secret of this token."),
    failures: z.partialRecord(tokenFailure, z.int()).describe("`failedCount` by reason."),
    createdBy: actor,
  })
  .meta({ id: "Token" });

export const issuedTokenResponse = tokenResponse
  .safeExtend({ token: z.string().describe("The secret. It cannot be read again.") })
  .meta({ id: "IssuedToken" });

export const tokenReport = z
  .strictObject({
    token: z.string().min(1).max(512).describe("The leaked token."),
    url: z.url().max(2000).optional().describe("Where the token was found. Stored in the audit event."),
  })
  .meta({ id: "TokenReport" });

export const tokenLookup = z
  .strictObject({ token: z.string().min(1).max(512).describe("The secret of the token.") })
  .meta({ id: "TokenLookup" });
