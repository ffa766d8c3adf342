import type { RequestHandler } from "express";
import type { Caller } from "../../../domain/caller.ts";
import { AppError } from "../../../errors.ts";
import { insufficientScope } from "../../auth/authenticate.ts";
import { Choice, CsrfField, FormActions } from "../fields.tsx";
import { readText } from "../form.ts";
import { NonceField } from "../nonce.tsx";
import { Layout, sendHtmlPage } from "../page.tsx";
import { formatTime } from "../time.tsx";
import { requireVisit } from "../visit.ts";
import { sendIssuedToken } from "./issued.tsx";
import { canChangeTokens, readTokenId, type TokenPagesOptions, toListTitle, toListUrl, toOwner } from "./options.ts";

/** How long the previous secret stays valid, in seconds. */
const gracePeriods = {
  "0": "Not at all: clients that use it fail until they have the new one",
  "3600": "For 1 hour",
  "86400": "For 24 hours",
  "604800": "For 7 days",
} as const;

/** A token can rotate itself with any scope. @throws AppError insufficient-scope */
function assertCanRotate(options: TokenPagesOptions, caller: Caller, id: string): void {
  if (caller.actor.id === id || canChangeTokens(options, caller)) return;
  throw insufficientScope(caller, [options.isPersonal ? "connect:write" : "admin:tokens"]);
}

/** Shows the choices of a rotation. */
export function showRotation(options: TokenPagesOptions): RequestHandler {
  const { base, services, submissions } = options;
  return async (req, res) => {
    req.operationId = "consoleShowRotation";
    const visit = requireVisit(req);
    const { caller } = visit;
    const tokenId = readTokenId(req);
    assertCanRotate(options, caller, tokenId);
    const { id, name } = await services.tokens.get(caller.organizationId, tokenId, toOwner(options, caller));
    const listUrl = toListUrl(options);
    sendHtmlPage(
      res,
      200,
      <Layout title={`Rotate ${name}`} base={base} visit={visit}>
        <p class="trail">
          <a href={listUrl}>{toListTitle(options)}</a> / <a href={`${listUrl}/${id}`}>{name}</a>
        </p>
        <h1>Rotate {name}</h1>
        <p>
          The token gets a new secret. Its id, name, scopes, expiry, allowed addresses and restrictions stay the same.
        </p>
        {caller.actor.id === id && (
          <p class="notice">
            You are signed in with this token. This session ends when its current secret stops working.
          </p>
        )}
        <form method="post" action={`${listUrl}/${id}/rotate`}>
          <CsrfField visit={visit} />
          <NonceField submissions={submissions} visit={visit} />
          <fieldset>
            <legend>The current secret stays valid</legend>
            {Object.entries(gracePeriods).map(([seconds, label]) => (
              <Choice
                key={seconds}
                type="radio"
                name="grace"
                value={seconds}
                label={label}
                checked={seconds === "3600"}
              />
            ))}
          </fieldset>
          <FormActions submit="Rotate" cancelUrl={`${listUrl}/${id}`} />
        </form>
      </Layout>,
    );
  };
}

/** Rotates a token, and shows its new secret once. */
export function rotateToken(options: TokenPagesOptions): RequestHandler {
  const { base, services, submissions, publicUrl } = options;
  return async (req, res) => {
    req.operationId = "consoleRotateToken";
    const visit = requireVisit(req);
    const { caller, sessionId } = visit;
    const id = readTokenId(req);
    assertCanRotate(options, caller, id);
    const grace = readText(req, "grace");
    if (!Object.hasOwn(gracePeriods, grace))
      throw new AppError("invalid-value", "grace must be one of the offered periods.", { field: "grace" });
    await submissions.useNonce(caller.organizationId, sessionId, readText(req, "nonce"));
    const issued = await services.tokens.rotate(caller, id, Number(grace), toOwner(options, caller));
    const graceEndsAt = new Date(Date.now() + Number(grace) * 1000).toISOString();
    const note =
      grace === "0"
        ? "The previous secret is not valid any more."
        : `The previous secret is valid until ${formatTime(graceEndsAt)}.`;
    sendIssuedToken(res, 200, issued, {
      base,
      listUrl: toListUrl(options),
      publicUrl,
      visit,
      heading: `${issued.token.name} has a new secret`,
      note,
    });
  };
}
