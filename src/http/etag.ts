import type { Request, Response } from "express";
import type { ExpectedVersion } from "../domain/precondition.ts";

/** The entity tag of a stored version. Weak: answers may differ in what of the resource they show (RFC 7644 3.14). */
export const etagOf = (version: number): string => `W/"${version}"`;

/** The strong entity tag of a version, of which an answer shows all. @param view tells answers about it apart */
export const strongEtagOf = (version: number, view?: string): string =>
  view === undefined ? `"${version}"` : `"${version}-${view}"`;

/**
 * The conditions of a change: If-Match and If-None-Match. A weak tag is taken as well: what compresses answers on the
 * way makes tags weak.
 */
export function expectedVersion(req: Request): ExpectedVersion {
  const noneMatch = req.headers["if-none-match"];
  return {
    ...versionsExpected(req.headers["if-match"]),
    ...(noneMatch !== undefined && { noneOf: noneMatch.trim() === "*" ? "any" : versionsIn(noneMatch) }),
  };
}

/** If-Match, which in a bulk stands elsewhere. */
export function versionsExpected(ifMatch: string | undefined): ExpectedVersion {
  return ifMatch === undefined ? {} : { oneOf: ifMatch.trim() === "*" ? "any" : versionsIn(ifMatch) };
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

/** Whether the client holds this already (RFC 9110 section 13.1.2: compared weakly). */
export function notModifiedSince(req: Request, etag: string): boolean {
  const field = req.headers["if-none-match"];
  return (
    field !== undefined &&
    (field.trim() === "*" || field.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag))
  );
}

/** What is no tag of ours stands for no version, so that the precondition fails. */
function versionsIn(field: string): number[] {
  return field.split(",").flatMap((tag) => {
    const digits = /^\s*(?:W\/)?"(0|[1-9]\d{0,14})(?:-[\w-]{12})?"\s*$/.exec(tag)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
}
