import type { RequestHandler } from "express";
import { redirect } from "../page.tsx";
import { parseReturnPath, returnFieldName } from "../return-path.ts";

/**
 * Creates the step that leads from the address after the sign-in, which shows whether the browser has kept the cookie, to
 * the page that was requested before the sign-in.
 */
export function returnAfterSignIn({ base }: { readonly base: string }): RequestHandler {
  return ({ method, query }, res, next) => {
    const isAfterSignIn = method === "GET" && Object.hasOwn(query, "signed-in");
    const location = isAfterSignIn ? parseReturnPath(query[returnFieldName], base) : undefined;
    if (location === undefined) next();
    else redirect(res, location);
  };
}
