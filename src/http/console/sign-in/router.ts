import { type RequestHandler, Router } from "express";
import { slug as slugSchema } from "../../../../schemas/text.ts";
import { redirect } from "../page.tsx";
import { readReturnPath, returnFieldName, withReturnPath } from "../return-path.ts";
import { readSessionCookie } from "../session-cookie.ts";
import { openSession } from "./open-session.tsx";
import type { SignInRouterOptions } from "./options.ts";
import { beginSignIn, completeSignIn, showOrganizationSignIn } from "./provider-sign-in.tsx";
import { sendSignIn, signInReports } from "./sign-in-page.tsx";
import { verifyToken } from "./token-sign-in.ts";

/** Routes the sign-in with a token, and through the identity provider of an organization. */
export function signInRouter(options: SignInRouterOptions): Router {
  const router = Router();
  router.get("/", showSignIn(options));
  router.post("/", verifyToken(options), options.limit, openSession(options));
  router.get("/:slug", showOrganizationSignIn(options));
  router.post("/:slug", beginSignIn(options));
  router.get("/:slug/callback", completeSignIn(options), options.limit, openSession(options));
  return router;
}

/** Shows the page of the sign-in, or that of the organization that was entered there. */
function showSignIn({ base, userSignIns }: SignInRouterOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowSignIn";
    const { organization } = req.query;
    const entered = typeof organization === "string" ? organization.trim() : "";
    const slug = slugSchema.safeParse(entered.toLowerCase());
    const returnPath = readReturnPath(req.query[returnFieldName], base);
    if (slug.success) return redirect(res, withReturnPath(`${base}/sign-in/${slug.data}`, returnPath));
    const [, report] = Object.entries(signInReports).find(([name]) => Object.hasOwn(req.query, name)) ?? [];
    sendSignIn(res, organization === undefined ? 200 : 400, {
      ...{ base, report, offer: await userSignIns.offer(), returnPath },
      ...(organization !== undefined && {
        organization: entered,
        errors: { organization: "Enter the slug: lowercase letters, digits and hyphens." },
      }),
      hasSession: report === undefined && readSessionCookie(req) !== undefined,
    });
  };
}
