import type { Request } from "express";
import type { Caller } from "../../../domain/caller.ts";
import type { ConsoleSubmissions } from "../../../domain/console/submissions.ts";
import { AppError } from "../../../errors.ts";
import type { Services } from "../../api/kernel/services.ts";
import { readPathId } from "../path-id.ts";

/** What the pages of tokens use. */
export interface TokenPagesOptions {
  /** The path of the console, such as `/console`. */
  readonly base: string;
  readonly services: Pick<Services, "tokens" | "users">;
  readonly submissions: ConsoleSubmissions;
  readonly publicUrl: string;
  /** Whether the pages show the personal tokens of the session's user, and not all tokens of the organization. */
  readonly isPersonal: boolean;
}

type ViewOptions = Pick<TokenPagesOptions, "base" | "isPersonal">;

/** The title of the list. */
export const toListTitle = ({ isPersonal }: Pick<ViewOptions, "isPersonal">): string =>
  isPersonal ? "My tokens" : "Tokens";

/** The address of the list. Those of its tokens begin with it. */
export const toListUrl = ({ base, isPersonal }: ViewOptions): string =>
  `${base}/${isPersonal ? "my-tokens" : "tokens"}`;

/**
 * Returns to whose tokens the pages are limited.
 * @throws AppError forbidden if there is no such user, so that no session without a user sees the tokens of all
 */
export function toOwner(
  { isPersonal }: Pick<ViewOptions, "isPersonal">,
  { userId }: Caller,
): { readonly userId?: string } {
  if (!isPersonal) return {};
  if (userId === undefined) throw new AppError("forbidden", "Sign in with a personal token to manage your own tokens.");
  return { userId };
}

/** Whether the session can change the tokens that it sees, as in the API. */
export const canChangeTokens = ({ isPersonal }: Pick<ViewOptions, "isPersonal">, { scopes }: Caller): boolean =>
  scopes.has(isPersonal ? "connect:write" : "admin:tokens");

/** Returns the id of the token in the path. @throws AppError not-found for what is no such id */
export const readTokenId = (req: Request): string => readPathId(req, "tok", "The token was not found.");
