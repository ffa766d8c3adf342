import type { Labels } from "../../../../schemas/labels.ts";
import type { ToolRisk } from "../../../../schemas/mcp-server.ts";
import type { Scope, Token, TokenType } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import { users } from "../../../store/collections.ts";
import { normalize } from "../../../store/normalize.ts";
import type { Transaction } from "../../../store/store.ts";
import type { AuditActor } from "../../audit/record.ts";
import { newEntity } from "../../entity.ts";
import { toStoredLabels } from "../token-labels.ts";
import { assertConstraints, assertExpiry, assertTypeAllowed, defaultExpiry, toExpiry } from "./constraints.ts";
import type { TokenRules } from "./token-policy.ts";

/** The fields of a token to create. */
export interface NewToken {
  readonly name: string;
  readonly description?: string | undefined;
  readonly labels?: Labels | undefined;
  readonly type?: TokenType | undefined;
  /** At least one scope. There is no default, so that no token has more access than was requested. */
  readonly scopes: readonly Scope[];
  readonly userId?: string | undefined;
  /** The parent token. The new token is valid only while the parent is active. */
  readonly parentId?: string;
  /** How the token is created; absent: `issued`, by request of an admin, an operator or a user. */
  readonly origin?: Token["origin"];
  /** Restricts the token to the MCP servers of one environment. */
  readonly environment?: string | undefined;
  /** Restricts the token to the MCP servers with these slugs. */
  readonly mcpServers?: readonly string[] | undefined;
  /** Restricts the token to tools of this risk or a lower one. */
  readonly maxRisk?: ToolRisk | undefined;
  /** Addresses and CIDR ranges from which the token can be used; empty or absent: any address. */
  readonly allowedIps?: readonly string[] | undefined;
  /** Null: no expiry. Absent: the organization's default, otherwise the latest allowed time, otherwise no expiry. */
  readonly expiresAt?: Date | null | undefined;
}

/**
 * Builds the record of a new token, without its secret, and checks it against the rules.
 * @param maxExpiresAt the expiry of the creating token, if it limits the new one
 * @throws AppError invalid-value naming the field
 */
export async function buildToken(
  tx: Transaction,
  organizationId: string,
  auditActor: AuditActor,
  input: NewToken,
  rules: TokenRules,
  maxExpiresAt?: string,
): Promise<Omit<Token, "prefix" | "secrets">> {
  const { type = "admin", origin = "issued", scopes, userId, parentId, allowedIps, description } = input;
  const { environment, mcpServers, maxRisk, expiresAt: expiry = defaultExpiry(rules, maxExpiresAt) } = input;
  const expiresAt = expiry instanceof Date ? toExpiry(expiry) : (expiry ?? undefined);
  assertConstraints({ ...input, type });
  assertExpiry(expiresAt, rules);
  // The type of an exchanged or OAuth token follows from its parent, which was checked when it was created.
  if (origin === "issued") assertTypeAllowed(type, rules);
  const user = userId === undefined ? undefined : await tx.for(organizationId).open(users).get(userId);
  if (userId !== undefined && !user?.active) {
    throw new AppError("invalid-value", "userId must be the id of an active user of the organization.", {
      field: "userId",
    });
  }
  return {
    ...newEntity("tok", organizationId),
    name: input.name,
    normalizedName: normalize(input.name),
    ...(description !== undefined && { description }),
    ...toStoredLabels(input.labels),
    type,
    origin,
    scopes: [...new Set(scopes)],
    ...(userId !== undefined && { userId }),
    ...(user?.tokenGeneration !== undefined && { userGeneration: user.tokenGeneration }),
    ...(parentId !== undefined && { parentId }),
    ...(environment !== undefined && { environment }),
    ...(mcpServers && { mcpServers: [...mcpServers] }),
    ...(maxRisk !== undefined && { maxRisk }),
    ...(allowedIps && allowedIps.length > 0 && { allowedIps: [...allowedIps] }),
    ...(expiresAt !== undefined && { expiresAt }),
    enabled: true,
    createdBy: auditActor.actor,
    requestCount: 0,
    failedCount: 0,
  };
}
