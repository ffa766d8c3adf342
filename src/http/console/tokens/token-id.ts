import type { Request } from "express";
import { AppError } from "../../../errors.ts";

/**
 * Returns the id of the token in the path.
 * @throws AppError not-found for what is no id, so that no other string reaches a link or a redirect
 */
export function readTokenId({ params }: Request): string {
  const { id } = params;
  if (typeof id === "string" && /^tok_[0-9A-HJKMNP-TV-Z]{26}$/.test(id)) return id;
  throw new AppError("not-found", "The token was not found.");
}
