import type { TokenStatus } from "./status.ts";
import type { Tokens } from "./tokens.ts";

/** The number of tokens by status. */
export type TokenCounts = Readonly<Record<TokenStatus, number>>;

/**
 * Counts the tokens of an organization by status, without those of exchanges and OAuth clients, which are many and short-lived.
 * @throws AppError query-too-expensive; unavailable
 */
export async function countTokens(tokens: Pick<Tokens, "count">, organizationId: string): Promise<TokenCounts> {
  const count = (status: TokenStatus): Promise<number> => tokens.count(organizationId, { status, origin: "issued" });
  const [active, disabled, expired, revoked] = await Promise.all([
    count("active"),
    count("disabled"),
    count("expired"),
    count("revoked"),
  ]);
  return { active, disabled, expired, revoked };
}
