import type { Request, Response } from "express";
import type { ExpectedVersion } from "../../domain/precondition.ts";

/** The weak entity tag of a version: representations of it may differ in their attributes (RFC 7644 section 3.14). */
export const toWeakEtag = (version: number): string => `W/"${version}"`;

/**
 * The strong entity tag of a version.
 * @param digest distinguishes representations of the same version
 */
export const toStrongEtag = (version: number, digest?: string): string =>
  digest === undefined ? `"${version}"` : `"${version}-${digest}"`;

/**
 * Reads the preconditions of a write from If-Match and If-None-Match. Weak tags are accepted too, because proxies that
 * compress responses weaken their tags.
 */
export function readExpectedVersion(req: Request): ExpectedVersion {
  const ifNoneMatch = req.headers["if-none-match"];
  return {
    ...parseIfMatch(req.headers["if-match"]),
    ...(ifNoneMatch !== undefined && { ifNoneMatch: ifNoneMatch.trim() === "*" ? "any" : parseVersions(ifNoneMatch) }),
  };
}

/**
 * Reads the entity tags of If-Match, without quotes, for a resource whose tags are not those of versions. Weak tags are
 * accepted as by `readExpectedVersion`.
 */
export function readExpectedTags({ headers }: Request): readonly string[] | "any" | undefined {
  const ifMatch = headers["if-match"];
  if (ifMatch === undefined) return undefined;
  if (ifMatch.trim() === "*") return "any";
  return ifMatch.split(",").flatMap((tag) => /^\s*(?:W\/)?"([\w-]{1,100})"\s*$/.exec(tag)?.[1] ?? []);
}

/** Parses the value of If-Match, which a bulk operation carries in its body (RFC 7644 section 3.7). */
export function parseIfMatch(ifMatch: string | undefined): ExpectedVersion {
  return ifMatch === undefined ? {} : { ifMatch: ifMatch.trim() === "*" ? "any" : parseVersions(ifMatch) };
}

/**
 * Sends 304 if the client already has this version.
 * @returns whether it was sent
 */
export function sendIfNotModified(req: Request, res: Response, version: number): boolean {
  const ifNoneMatch = req.headers["if-none-match"];
  if (ifNoneMatch === undefined || !(ifNoneMatch.trim() === "*" || parseVersions(ifNoneMatch).includes(version)))
    return false;
  res.setHeader("ETag", toWeakEtag(version));
  res.statusCode = 304;
  res.end();
  return true;
}

/** Whether If-None-Match has this strong tag (RFC 9110 section 13.1.2: weak comparison). */
export function matchesIfNoneMatch(req: Request, etag: string): boolean {
  const ifNoneMatch = req.headers["if-none-match"];
  return (
    ifNoneMatch !== undefined &&
    (ifNoneMatch.trim() === "*" || ifNoneMatch.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag))
  );
}

/** A tag that this service did not issue matches no version, so that the precondition fails. */
function parseVersions(header: string): number[] {
  return header.split(",").flatMap((tag) => {
    const digits = /^\s*(?:W\/)?"(0|[1-9]\d{0,14})(?:-[\w-]{12})?"\s*$/.exec(tag)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
}
