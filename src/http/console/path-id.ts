import type { Request } from "express";
import type { IdPrefix } from "../../domain/entity.ts";
import { AppError } from "../../errors.ts";

/**
 * Returns the id in the path.
 * @param message of the error
 * @throws AppError not-found for what is no such id, so that no other string reaches a link or a redirect
 */
export function readPathId({ params }: Request, prefix: IdPrefix, message: string): string {
  const { id } = params;
  if (typeof id === "string" && id.startsWith(`${prefix}_`) && ulidPattern.test(id.slice(prefix.length + 1))) return id;
  throw new AppError("not-found", message);
}

const ulidPattern = /^[0-9A-HJKMNP-TV-Z]{26}$/;
