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
  if (typeof id === "string" && isId(id, prefix)) return id;
  throw new AppError("not-found", message);
}

/** Whether a string has the format of an id. */
export const isId = (value: string, prefix: IdPrefix): boolean =>
  value.startsWith(`${prefix}_`) && ulidPattern.test(value.slice(prefix.length + 1));

const ulidPattern = /^[0-9A-HJKMNP-TV-Z]{26}$/;
