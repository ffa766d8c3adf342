import type { TokenInput, TokenPatch, TokenType } from "../../../../schemas/token.ts";
import type { User } from "../../../../schemas/user.ts";
import type { NewToken } from "../../../domain/tokens/issue/new-token.ts";
import type { TokenUpdate } from "../../../domain/tokens/issue/token-update.ts";
import { defaultScopes } from "../../../domain/tokens/scopes.ts";
import { AppError } from "../../../errors.ts";

/**
 * Converts the body of a create request.
 * @param defaultType the type if the body has none
 */
export function toNewToken({ expiresInDays, expiresAt, ...body }: TokenInput, defaultType: TokenType): NewToken {
  const { type = defaultType, scopes = defaultScopes[type] } = body;
  return { ...body, type, scopes, expiresAt: toExpiresAt({ expiresInDays, expiresAt }) };
}

/** Converts the body of an update request. */
export function toTokenUpdate({ expiresInDays, expiresAt, ...body }: TokenPatch): TokenUpdate {
  return { ...body, expiresAt: toExpiresAt({ expiresInDays, expiresAt }) };
}

/** Checks the user that a request of a user's view names. @throws AppError invalid-value */
export function assertOwnUserId(userId: string | undefined, { id }: User): void {
  if (userId === undefined || userId === id) return;
  throw new AppError("invalid-value", "userId must be the id of the acting user. Omit it.", { field: "userId" });
}

function toExpiresAt({
  expiresInDays,
  expiresAt,
}: Pick<TokenInput, "expiresInDays" | "expiresAt">): Date | null | undefined {
  if (expiresInDays !== undefined) return new Date(Date.now() + expiresInDays * 86_400_000);
  return typeof expiresAt === "string" ? new Date(expiresAt) : expiresAt;
}
