import type { Request, RequestHandler, Response } from "express";
import { RejectedSignInError } from "../../../domain/console/sign-in/rejected-sign-in.ts";
import type { SignInOrganization } from "../../../domain/console/sign-in/user-sessions.ts";
import type { SignedInUser } from "../../../domain/console/sign-in/user-sign-ins.ts";
import { hasErrorCode } from "../../../errors.ts";
import { readAuthorizationResponse } from "../../oauth/authorization-response.ts";
import { httpStatuses, redactDetail } from "../../server/error-mapping.ts";
import { readText } from "../form.ts";
import { Layout, sendHtmlPage } from "../page.tsx";
import { readReturnPath, returnFieldName } from "../return-path.ts";
import { readSessionCookie } from "../session-cookie.ts";
import { readAttemptCookie, setAttemptCookie } from "./attempt-cookie.ts";
import type { SignInRouterOptions } from "./options.ts";
import { sendSignIn } from "./sign-in-page.tsx";

declare global {
  namespace Express {
    interface Request {
      /** What the session of a user stores, who has just signed in through an OpenID Provider. */
      userSignIn?: SignedInUser["credential"];
      /** The page to return to after the sign-in, relative to the console. */
      consoleReturnPath?: string | undefined;
    }
  }
}

/** Shows the sign-in of one organization. */
export function showOrganizationSignIn(options: SignInRouterOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowSignIn";
    const found = await findOrganization(req, res, options);
    if (!found) return;
    const { base } = options;
    const returnPath = readReturnPath(req.query[returnFieldName], base);
    sendSignIn(res, 200, { base, offer: found, hasSession: readSessionCookie(req) !== undefined, returnPath });
  };
}

/**
 * Begins a sign-in, and sends the browser to the identity provider. That is a page which the browser leaves at once:
 * `form-action` of the content security policy would prevent a redirect of the form to another site.
 */
export function beginSignIn(options: SignInRouterOptions): RequestHandler {
  const { base, userSignIns, failureLimit } = options;
  return async (req, res) => {
    req.operationId = "consoleBeginSignIn";
    const found = await findOrganization(req, res, options);
    if (!found) return;
    const returnPath = readReturnPath(readText(req, returnFieldName), base);
    try {
      const { url, cookie } = await userSignIns.begin(found, returnPath);
      setAttemptCookie(res, cookie);
      const { host } = new URL(found.settings.issuer);
      sendHtmlPage(
        res,
        200,
        <Layout title={`Continue to ${host}`} base={base} leaveTo={url}>
          <div class="narrow">
            <h1>Continue to {host}</h1>
            <p>
              If your browser does not continue by itself, <a href={url}>open {host}</a>.
            </p>
          </div>
        </Layout>,
      );
    } catch (error) {
      if (!hasErrorCode(error, "unavailable")) throw error;
      failureLimit.count(req.address);
      const detail = redactDetail(error);
      res.locals["rejection"] = detail;
      sendSignIn(res, httpStatuses[error.code], { base, offer: found, returnPath, providerError: detail });
    }
  };
}

/**
 * Creates the step that completes a sign-in with the response of the identity provider, and sets `req.user`. Failures are
 * counted by address.
 * @throws AppError rate-limited; unavailable
 */
export function completeSignIn({ base, publicUrl, userSignIns, failureLimit }: SignInRouterOptions): RequestHandler {
  return async (req, res, next) => {
    req.operationId = "consoleCompleteSignIn";
    const slug = String(req.params["slug"]);
    const response = readAuthorizationResponse(new URL(req.originalUrl, publicUrl).searchParams);
    const source = { ip: req.address, requestId: req.requestId };
    try {
      const signedIn = await userSignIns.complete(slug, readAttemptCookie(req), response, source);
      const { caller, credential, returnPath } = signedIn;
      req.consoleReturnPath = returnPath;
      req.user = caller;
      req.userSignIn = credential;
    } catch (error) {
      if (!(error instanceof RejectedSignInError)) throw error;
      req.credentialRejection = error.report;
      failureLimit.count(req.address);
      const detail = redactDetail(error);
      res.locals["rejection"] = detail;
      const offer = await userSignIns.find(slug);
      sendSignIn(res, httpStatuses[error.code], { base, offer, returnPath: undefined, providerError: detail });
      return;
    }
    next();
  };
}

/** Responds alike to an unknown organization, to one without an identity provider, and to a disabled one. */
async function findOrganization(
  req: Request,
  res: Response,
  { base, userSignIns, failureLimit }: SignInRouterOptions,
): Promise<SignInOrganization | undefined> {
  const found = await userSignIns.find(String(req.params["slug"]));
  if (found) return found;
  failureLimit.count(req.address);
  const providerError = "No organization with this name has a sign-in through an identity provider.";
  sendSignIn(res, 404, { base, offer: await userSignIns.offer(), returnPath: undefined, providerError });
  return undefined;
}
