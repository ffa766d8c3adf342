import { z } from "zod";
import { actor } from "./audit-event.ts";
import { entity } from "./entity.ts";
import { slug } from "./text.ts";

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

/** One secret of a token: its hash only, with the algorithm in front. After `notAfter` it is superseded. */
export const tokenSecret = z.object({ hash: z.string(), notAfter: z.iso.datetime({ precision: 3 }).optional() });

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
  /** A personal token acts only as this user. */
  userId: z.string().optional(),
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
});
export type Token = Readonly<z.infer<typeof token>>;
