import type { TokenInput, TokenPatch, TokenType } from "../../../schemas/token.ts";
import type { NewToken } from "../../domain/tokens/new-token.ts";
import { typicalScopes } from "../../domain/tokens/scopes.ts";
import type { TokenRevision } from "../../domain/tokens/token-revision.ts";

/** What is asked for. @param usual the type where none is named */
export function wantedFrom({ expiresInDays, expiresAt, ...body }: TokenInput, usual: TokenType): NewToken {
  const { type = usual, scopes = typicalScopes[type] } = body;
  return { ...body, type, scopes, expiresAt: endFrom({ expiresInDays, expiresAt }) };
}

/** What is to change. */
export function revisionFrom({ expiresInDays, expiresAt, ...body }: TokenPatch): TokenRevision {
  return { ...body, expiresAt: endFrom({ expiresInDays, expiresAt }) };
}

function endFrom({
  expiresInDays,
  expiresAt,
}: Pick<TokenInput, "expiresInDays" | "expiresAt">): Date | null | undefined {
  if (expiresInDays !== undefined) return new Date(Date.now() + expiresInDays * 86_400_000);
  return typeof expiresAt === "string" ? new Date(expiresAt) : expiresAt;
}
