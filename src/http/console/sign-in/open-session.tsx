import type { RequestHandler } from "express";
import { RejectedCredentialError } from "../../../domain/tokens/verify/rejected-credential.ts";
import { requireCaller } from "../../server/request.ts";
import { Layout, redirect, sendHtmlPage } from "../page.tsx";
import { withReturnPath } from "../return-path.ts";
import { clearSessionCookie, readSessionCookie, setSessionCookie } from "../session-cookie.ts";
import { requireVisit } from "../visit.ts";
import { clearAttemptCookie } from "./attempt-cookie.ts";
import type { SignInRouterOptions } from "./options.ts";
import { redirectToSignIn } from "./sign-in-page.tsx";

/**
 * Opens a session for the verified token or user. A session that the browser has already ends, and the new one always has
 * another id, so that no id that was known before can be used.
 * @throws AppError unavailable
 */
export function openSession({ base, sessions }: Pick<SignInRouterOptions, "base" | "sessions">): RequestHandler {
  return async (req, res) => {
    const source = { ip: req.address, requestId: req.requestId };
    const previousId = readSessionCookie(req);
    const previous =
      previousId === undefined ? undefined : await sessions.resume(previousId, source).catch(ignoreRejection);
    const sessionId = await sessions.open(requireCaller(req), req.userSignIn);
    if (previousId !== undefined && previous) await sessions.signOut(previousId, previous);
    setSessionCookie(res, sessionId);
    const overview = withReturnPath(`${base}?signed-in`, req.consoleReturnPath);
    if (!req.userSignIn) return redirect(res, overview);
    clearAttemptCookie(res);
    // A redirect would belong to the navigation of the identity provider's page, with which the browser sends no cookie
    // that is `SameSite=Strict`. The navigation of a page of our own is not.
    sendHtmlPage(
      res,
      200,
      <Layout title="Signed in" base={base} leaveTo={overview}>
        <div class="narrow">
          <h1>You are signed in</h1>
          <p>
            If your browser does not continue by itself, <a href={overview}>open the console</a>.
          </p>
        </div>
      </Layout>,
    );
  };
}

/** An address outside the token's list cannot use the previous session, and may sign in with another token. */
function ignoreRejection(error: unknown): undefined {
  if (!(error instanceof RejectedCredentialError)) throw error;
}

/** Ends the session. */
export function signOut({ base, sessions }: Pick<SignInRouterOptions, "base" | "sessions">): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleSignOut";
    const { sessionId, caller } = requireVisit(req);
    await sessions.signOut(sessionId, caller);
    clearSessionCookie(res);
    redirectToSignIn(res, base, { report: "signed-out" });
  };
}
