import type { RequestHandler, Response } from "express";
import { type ConsoleSessions, consoleScopes } from "../../domain/console/sessions.ts";
import { RejectedCredentialError } from "../../domain/tokens/verify/rejected-credential.ts";
import { hasErrorCode } from "../../errors.ts";
import type { FailureLimit } from "../auth/failure-limit.ts";
import { httpStatuses, redactDetail } from "../server/error-mapping.ts";
import { requireCaller } from "../server/request.ts";
import { TextField } from "./fields.tsx";
import { FormErrors, readText } from "./form.ts";
import { Layout, redirect, sendHtmlPage } from "./page.tsx";
import { parseReturnPath, returnFieldName } from "./return-path.ts";
import { clearSessionCookie, readSessionCookie, setSessionCookie } from "./session-cookie.ts";
import { requireVisit } from "./visit.ts";

export interface SignInOptions {
  readonly base: string;
  readonly sessions: ConsoleSessions;
  readonly failureLimit: FailureLimit;
}

/** What the page of the sign-in reports, by the query parameter of its URL. */
const reports = {
  ended: "Your session has ended. Sign in again.",
  "signed-out": "You are signed out.",
  "no-cookie":
    "Your browser did not keep the session. Open the console over HTTPS, or at localhost, and allow cookies for it.",
} as const;
export type SignInReport = keyof typeof reports;

/** Sends the browser to the sign-in, with the reason and the page to return to. */
export function redirectToSignIn(
  res: Response,
  base: string,
  { report, returnPath }: { readonly report?: SignInReport; readonly returnPath?: string | undefined } = {},
): void {
  const returnField = returnPath === undefined ? "" : `${returnFieldName}=${encodeURIComponent(returnPath)}`;
  const query = [report ?? "", returnField].filter((each) => each !== "").join("&");
  redirect(res, `${base}/sign-in${query === "" ? "" : `?${query}`}`);
}

/** Shows the form of the sign-in. */
export function showSignIn({ base }: Pick<SignInOptions, "base">): RequestHandler {
  return (req, res) => {
    const report = Object.entries(reports).find(([name]) => Object.hasOwn(req.query, name))?.[1];
    sendSignIn(res, 200, base, {
      ...{ report, hasSession: report === undefined && readSessionCookie(req) !== undefined },
      returnPath: readReturnPath(req.query[returnFieldName], base),
    });
  };
}

/** Returns the page to return to, relative to the console, if it is one of this console. */
const readReturnPath = (text: unknown, base: string): string | undefined =>
  parseReturnPath(text, base)?.slice(base.length);

/**
 * Creates the step that leads from the address after the sign-in, which shows whether the browser has kept the cookie, to
 * the page that was requested before the sign-in.
 */
export function returnAfterSignIn({ base }: Pick<SignInOptions, "base">): RequestHandler {
  return ({ method, query }, res, next) => {
    const isAfterSignIn = method === "GET" && Object.hasOwn(query, "signed-in");
    const location = isAfterSignIn ? parseReturnPath(query[returnFieldName], base) : undefined;
    if (location === undefined) next();
    else redirect(res, location);
  };
}

function sendSignIn(
  res: Response,
  status: number,
  base: string,
  {
    report,
    error,
    hasSession = false,
    returnPath,
  }: {
    readonly report?: string | undefined;
    readonly error?: string;
    readonly hasSession?: boolean;
    readonly returnPath: string | undefined;
  },
): void {
  const errors = error === undefined ? undefined : new FormErrors(new Map([["token", [error]]]));
  sendHtmlPage(
    res,
    status,
    <Layout title="Sign in" base={base}>
      <div class="narrow">
        <h1>Sign in</h1>
        {report !== undefined && (
          <p class="notice" role="status">
            {report}
          </p>
        )}
        {hasSession && (
          <p>
            <a href={`${base}${returnPath ?? ""}`}>Continue with the session of this browser</a>, or sign in with
            another token.
          </p>
        )}
        <form method="post" action={`${base}/sign-in`}>
          {returnPath !== undefined && <input type="hidden" name={returnFieldName} value={returnPath} />}
          <TextField
            name="token"
            label="Token"
            type="password"
            required
            autofocus
            errors={errors}
            hint={`A token with the scope ${consoleScopes.join(" or ")}, or a personal token of yours. It is not kept: the browser gets a session of up to 8 hours, which ends with the token.`}
          />
          <button type="submit">Sign in</button>
        </form>
      </div>
    </Layout>,
  );
}

/**
 * Creates the step that verifies the token of the sign-in, and sets `req.user`. Failures are counted by address, as for
 * every other API.
 * @throws AppError rate-limited; unavailable
 */
export function verifyToken({ base, sessions, failureLimit }: SignInOptions): RequestHandler {
  return async (req, res, next) => {
    req.operationId = "consoleSignIn";
    try {
      req.user = await sessions.verify(readText(req, "token"), { ip: req.address, requestId: req.requestId });
    } catch (error) {
      const isRejected = error instanceof RejectedCredentialError;
      if (!isRejected && !hasErrorCode(error, "insufficient-scope")) throw error;
      if (isRejected) {
        req.credentialRejection = error.report;
        failureLimit.count(req.address);
      }
      const detail = redactDetail(error);
      res.locals["rejection"] = detail;
      const returnPath = readReturnPath(readText(req, returnFieldName), base);
      sendSignIn(res, httpStatuses[error.code], base, { error: detail, returnPath });
      return;
    }
    next();
  };
}

/**
 * Opens a session for the verified token. A session that the browser has already ends, and the new one always has another
 * id, so that no id that was known before can be used.
 * @throws AppError unavailable
 */
export function openSession({ base, sessions }: Pick<SignInOptions, "base" | "sessions">): RequestHandler {
  return async (req, res) => {
    const source = { ip: req.address, requestId: req.requestId };
    const previousId = readSessionCookie(req);
    const previous =
      previousId === undefined ? undefined : await sessions.resume(previousId, source).catch(ignoreRejection);
    const sessionId = await sessions.open(requireCaller(req));
    if (previousId !== undefined && previous) await sessions.signOut(previousId, previous);
    setSessionCookie(res, sessionId);
    const returnPath = readReturnPath(readText(req, returnFieldName), base);
    const suffix = returnPath === undefined ? "" : `&${returnFieldName}=${encodeURIComponent(returnPath)}`;
    redirect(res, `${base}?signed-in${suffix}`);
  };
}

/** An address outside the token's list cannot use the previous session, and may sign in with another token. */
function ignoreRejection(error: unknown): undefined {
  if (!(error instanceof RejectedCredentialError)) throw error;
}

/** Ends the session. */
export function signOut({ base, sessions }: Pick<SignInOptions, "base" | "sessions">): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleSignOut";
    const { sessionId, caller } = requireVisit(req);
    await sessions.signOut(sessionId, caller);
    clearSessionCookie(res);
    redirectToSignIn(res, base, { report: "signed-out" });
  };
}
