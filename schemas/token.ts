import { z } from "zod";
import { actor } from "./audit-event.ts";
import { entity, shownEntity } from "./entity.ts";
import { setOf, slug } from "./text.ts";

/** What a token may be allowed to do. Which of them include which others: src/domain/tokens/scopes.ts */
export const scope = z.enum([
  "all",
  "admin:read",
  "admin:write",
  "admin:scim",
  "admin:tokens",
  "connect:read",
  "connect:write",
  "connect:exchange-auth",
]);
export type Scope = z.infer<typeof scope>;

/** A preset of the scopes that a token may have. */
export const tokenType = z.enum(["admin", "scim", "mcp", "agent"]);
export type TokenType = z.infer<typeof tokenType>;

/** Why a request is refused although its secret is one of the token's. */
export const tokenFailure = z.enum([
  "revoked",
  "disabled",
  "expired",
  "superseded",
  "user-inactive",
  "parent-inactive",
  "ip-not-allowed",
]);
export type TokenFailure = z.infer<typeof tokenFailure>;

/** One secret of a token: its hash only, with the algorithm in front. */
export const tokenSecret = z.object({
  hash: z.string(),
  /** When it is superseded. */
  notAfter: z.iso.datetime({ precision: 3 }).optional(),
  /** When somebody told that it lies open. */
  reportedAt: z.iso.datetime({ precision: 3 }).optional(),
});

export const token = z.object({
  ...entity,
  name: z.string().min(1).max(200),
  description: z.string().max(1000).optional(),
  type: tokenType,
  /** Absent on records that are older than scopes: they may do everything. */
  scopes: z.array(scope).min(1).optional(),
  /** The first characters of the secret, enough to recognise it by. */
  prefix: z.string(),
  secrets: z.array(tokenSecret),
  /** Of secrets that are older than the checksum. */
  format: z.literal("legacy").optional(),
  /** A personal token acts only as this user. */
  userId: z.string().optional(),
  /** How it came to be: somebody asked for it, or it was got for another credential. */
  origin: z.enum(["issued", "exchange", "oauth"]),
  /** The token that it was made with by an exchange, and without which it is worth nothing. */
  parentId: z.string().optional(),
  /** Restricts it to the servers of one environment, and to those with these slugs; what hangs on others goes with them. */
  environment: slug.optional(),
  mcpServers: z.array(slug).min(1).optional(),
  /** Addresses and CIDR ranges that it may be used from; absent: from anywhere. */
  allowedIps: z.array(z.string()).min(1).max(64).optional(),
  expiresAt: z.iso.datetime({ precision: 3 }).optional(),
  enabled: z.boolean(),
  revokedAt: z.iso.datetime({ precision: 3 }).optional(),
  createdBy: actor,
  /** Time and address of the last use in one text, so that both are raised together by one comparison. */
  lastUsed: z.string().optional(),
  requestCount: z.int().min(0),
  failedCount: z.int().min(0),
  /** The same, by reason. */
  failures: z.partialRecord(tokenFailure, z.int().min(0)).optional(),
  /** Addresses, and of IPv6 networks, that it was used from; the newest last. */
  networks: z.array(z.string()).optional(),
  /** Raised when others go because it stays, so that its own end beside that is looked at again. */
  kept: z.int().optional(),
});
export type Token = Readonly<z.infer<typeof token>>;

const fields = {
  name: z.string().max(200).describe("what it is for"),
  description: z.string().max(1000).optional(),
  allowedIps: z
    .array(z.string().max(64))
    .max(64)
    .optional()
    .describe("addresses and CIDR ranges that it can be used from; none: from anywhere"),
  expiresInDays: z
    .int()
    .min(1)
    .max(36_500)
    .optional()
    .describe("7, 30, 90 or any number of days, instead of expiresAt"),
  expiresAt: z.iso.datetime({ offset: true }).nullable().optional().describe("null: never"),
};

export const tokenInput = z
  .strictObject({
    ...fields,
    type: tokenType
      .optional()
      .describe("bounds the scopes: mcp reads only; absent: admin, and mcp in the view of a user"),
    scopes: setOf(scope, scope.options.length)
      .min(1, "must name at least one scope")
      .optional()
      .describe("absent: what the type is for; a token of type admin has to name them"),
    userId: z.string().max(100).optional().describe("makes it a personal token, which acts as this user only"),
    environment: slug.optional().describe("restricts it to the MCP servers of this environment"),
    mcpServers: setOf(slug, 100)
      .min(1, "must name at least one server")
      .optional()
      .describe("restricts it to these MCP servers, by slug; never changes"),
  })
  .superRefine(oneEnd)
  .meta({ id: "TokenInput" });
export type TokenInput = z.output<typeof tokenInput>;

const fixed = z.never("never changes; make a new token").optional();

export const tokenPatch = z
  .strictObject({
    name: fields.name.optional(),
    description: fields.description.nullable(),
    scopes: tokenInput.shape.scopes.describe("fewer than it has"),
    allowedIps: fields.allowedIps.nullable(),
    expiresInDays: fields.expiresInDays,
    expiresAt: fields.expiresAt,
    enabled: z.boolean().optional().describe("false: refused until it is true again"),
    type: fixed,
    userId: fixed,
    environment: fixed,
    mcpServers: fixed,
  })
  .superRefine(oneEnd)
  .meta({ id: "TokenPatch" });
export type TokenPatch = z.output<typeof tokenPatch>;

function oneEnd(
  { expiresAt, expiresInDays }: { expiresAt?: string | null | undefined; expiresInDays?: number | undefined },
  context: z.RefinementCtx,
): void {
  if (expiresAt === undefined || expiresInDays === undefined) return;
  context.addIssue({ code: "custom", path: ["expiresInDays"], message: "says the same as expiresAt; send one" });
}

export const tokenRotation = z
  .strictObject({
    gracePeriodSeconds: z
      .int()
      .min(0)
      .max(604_800)
      .default(0)
      .describe("how long the secret before goes on to work; 60 lets a client whose connection broke try again"),
  })
  .meta({ id: "TokenRotation" });

const moment = z.iso.datetime({ precision: 3 }).nullable();

/** A token as it is shown: all that is known of it but its secrets. */
export const tokenShown = z
  .object({
    ...shownEntity,
    name: z.string(),
    description: z.string().optional(),
    type: tokenType,
    origin: token.shape.origin.describe("how it came to be: asked for, or got for another credential"),
    scopes: z.array(scope),
    prefix: z.string().describe("the first characters of its secret"),
    masked: z.string().describe("the secret, as far as it is ever shown again"),
    userId: z.string().optional().describe("of a personal token: the user as whom it acts"),
    parentId: z.string().optional().describe("the token that it was got for, and with which it ends"),
    environment: z.string().optional(),
    mcpServers: z.array(z.string()).optional(),
    allowedIps: z.array(z.string()).describe("empty: it can be used from anywhere"),
    status: z.enum(["active", "disabled", "expired", "revoked"]),
    enabled: z.boolean(),
    expiresAt: moment.describe("null: never"),
    revokedAt: moment,
    lastUsedAt: moment.describe("some seconds late; null: never"),
    lastUsedIp: z.string().nullable(),
    requestCount: z.int(),
    failedCount: z.int().describe("refused requests with a secret of this token"),
    failures: z.partialRecord(tokenFailure, z.int()).describe("the same, by reason"),
    createdBy: actor,
  })
  .meta({ id: "Token" });

export const tokenIssued = tokenShown
  .safeExtend({ token: z.string().describe("the secret; shown this once") })
  .meta({ id: "IssuedToken" });

export const tokenReport = z
  .strictObject({
    token: z.string().min(1).max(512).describe("what was found"),
    url: z.url().max(2000).optional().describe("where; it is kept in the audit event"),
  })
  .meta({ id: "TokenReport" });
