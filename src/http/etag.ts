import type { Request, Response } from "express";
import type { ExpectedVersion } from "../domain/precondition.ts";

/** The entity tag of a stored version. Weak: answers may differ in what of the resource they show (RFC 7644 3.14). */
export const etagOf = (version: number): string => `W/"${version}"`;

/** The conditions of a change: If-Match, where `*` asks for no version in particular, and If-None-Match. */
export function expectedVersion(req: Request): ExpectedVersion {
  const noneMatch = req.headers["if-none-match"];
  return {
    ...versionsExpected(req.headers["if-match"]),
    ...(noneMatch !== undefined && { noneOf: noneMatch.trim() === "*" ? "any" : versionsIn(noneMatch) }),
  };
}

/** If-Match, which in a bulk stands elsewhere. */
export function versionsExpected(ifMatch: string | undefined): ExpectedVersion {
  return ifMatch === undefined || ifMatch.trim() === "*" ? {} : { oneOf: versionsIn(ifMatch) };
}

/** Whether the client holds this version already; then 304 has been answered. */
export function answeredNotModified(req: Request, res: Response, version: number): boolean {
  const field = req.headers["if-none-match"];
  if (field === undefined || !(field.trim() === "*" || versionsIn(field).includes(version))) return false;
  res.setHeader("ETag", etagOf(version));
  res.statusCode = 304;
  res.end();
  return true;
}

/** What is no tag of ours stands for no version, so that the precondition fails. */
function versionsIn(field: string): number[] {
  return field.split(",").flatMap((tag) => {
    const digits = /^\s*(?:W\/)?"([1-9]\d{0,14})"\s*$/.exec(tag)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
}
