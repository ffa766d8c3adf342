import type { Request } from "express";

/** The name of the parameter and of the hidden field of the sign-in that hold where the browser returns to. */
export const returnFieldName = "return";
const lengthMax = 2048;

/**
 * Returns the page that a request without a session wanted, relative to the console, for the parameter `return` of the
 * sign-in. Only a page that can be loaded again has one, and the overview needs none.
 * @param req with the URL relative to the console, as its router sees it
 */
export function toReturnPath({ method, url }: Request, base: string): string | undefined {
  const isOverview = /^\/?(?:\?|$)/.test(url);
  return method === "GET" && !isOverview && parseReturnPath(url, base) !== undefined ? url : undefined;
}

/**
 * Parses where the browser returns to after the sign-in.
 * @param text a path relative to the console, with a query, as any client may send it
 * @returns a path of this console as browsers resolve it; undefined for anything else, such as another origin
 */
export function parseReturnPath(text: unknown, base: string): string | undefined {
  if (typeof text !== "string" || text.length > lengthMax || !allowedPattern.test(text)) return undefined;
  let url: URL;
  try {
    url = new URL(`${base}${text}`, anyOrigin);
  } catch {
    return undefined;
  }
  const { origin: resolvedOrigin, pathname, search } = url;
  const isInConsole = resolvedOrigin === anyOrigin && pathname.startsWith(`${base}/`) && !pathname.includes("//");
  // The sign-in would lead to itself, and the sign-out is no page.
  if (!isInConsole || /^\/(?:sign-(?:in|out)|assets)(?:\/|$)/i.test(pathname.slice(base.length))) return undefined;
  return `${pathname}${search}`;
}

/** Returns the page to return to, relative to the console, if what a client sent is one of this console. */
export const readReturnPath = (sent: unknown, base: string): string | undefined =>
  parseReturnPath(sent, base)?.slice(base.length);

/** Adds the page to return to, if there is one, to the URL of a step of the sign-in. */
export function withReturnPath(url: string, returnPath: string | undefined): string {
  if (returnPath === undefined) return url;
  return `${url}${url.includes("?") ? "&" : "?"}${returnFieldName}=${encodeURIComponent(returnPath)}`;
}

const anyOrigin = "http://console.invalid";
/** One slash, and characters of a URI except a backslash, which browsers read as a slash, and a fragment. */
const allowedPattern = /^\/[\w\-.~%!$&'()*+,;=:@/?[\]]*$/;
