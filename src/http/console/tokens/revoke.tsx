import type { RequestHandler } from "express";
import { renderToken } from "../../api/resources/token-response.ts";
import { CsrfField } from "../fields.tsx";
import { Layout, redirect, sendHtmlPage } from "../page.tsx";
import { requireVisit } from "../visit.ts";
import { readTokenId, type TokenPagesOptions, toListTitle, toListUrl, toOwner } from "./options.ts";
import { LastUse } from "./parts.tsx";

/** Shows what a revocation causes, to be confirmed. */
export function showRevocation(options: TokenPagesOptions): RequestHandler {
  const { base, services } = options;
  return async (req, res) => {
    req.operationId = "consoleShowRevocation";
    const visit = requireVisit(req);
    const { caller } = visit;
    const token = renderToken(
      await services.tokens.get(caller.organizationId, readTokenId(req), toOwner(options, caller)),
    );
    const listUrl = toListUrl(options);
    const url = `${listUrl}/${token.id}`;
    sendHtmlPage(
      res,
      200,
      <Layout title={`Revoke ${token.name}`} base={base} visit={visit}>
        <p class="trail">
          <a href={listUrl}>{toListTitle(options)}</a> / <a href={url}>{token.name}</a>
        </p>
        <h1>Revoke {token.name}?</h1>
        <p class="notice">
          Every client that uses this token is rejected from its next request on, and so are tokens that were issued for
          it. This cannot be undone. To stop it for a while, disable it instead.
        </p>
        {caller.actor.id === token.id && (
          <p class="notice">You are signed in with this token. Revoking it ends this session.</p>
        )}
        <dl class="facts">
          <dt>Token</dt>
          <dd>
            <code>{token.masked}</code>
          </dd>
          <dt>Last used</dt>
          <dd>
            <LastUse token={token} />
          </dd>
          <dt>Requests</dt>
          <dd>{token.requestCount}</dd>
        </dl>
        <form method="post" action={`${url}/revoke`} class="actions">
          <CsrfField visit={visit} />
          <button type="submit" class="danger">
            Revoke permanently
          </button>
          <a href={url}>Cancel</a>
        </form>
      </Layout>,
    );
  };
}

/** Revokes a token. */
export function submitRevocation(options: TokenPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleRevokeToken";
    const { caller } = requireVisit(req);
    const id = readTokenId(req);
    await options.services.tokens.revoke(caller.organizationId, caller, id, {
      ...{ keepLastFullAccess: true, ...toOwner(options, caller) },
    });
    redirect(res, `${toListUrl(options)}/${id}`);
  };
}
