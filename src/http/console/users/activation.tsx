import type { RequestHandler } from "express";
import { CsrfField } from "../fields.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, redirect, sendHtmlPage } from "../page.tsx";
import { requireVisit } from "../visit.ts";
import { requireUserInPath } from "./require-user.ts";

/** Shows what a deactivation causes, to be confirmed. */
export function showDeactivation(options: PageOptions): RequestHandler {
  const { base } = options;
  return async (req, res) => {
    req.operationId = "consoleShowDeactivation";
    const visit = requireVisit(req);
    const { id, userName } = await requireUserInPath(req, options);
    const url = `${base}/users/${id}`;
    sendHtmlPage(
      res,
      200,
      <Layout title={`Deactivate ${userName}`} base={base} visit={visit}>
        <p class="trail">
          <a href={`${base}/users`}>Users</a> / <a href={url}>{userName}</a>
        </p>
        <h1>Deactivate {userName}?</h1>
        <p class="notice">
          No request can act as the user from the next one on. All personal tokens of the user are revoked permanently:
          an activation does not restore them. The user's OAuth tokens for MCP servers are removed and revoked: after an
          activation, the user must connect again. Groups, user-owned resources and connections with an API key are
          kept.
        </p>
        <form method="post" action={`${url}/deactivate`} class="actions">
          <CsrfField visit={visit} />
          <button type="submit" class="danger">
            Deactivate
          </button>
          <a href={url}>Cancel</a>
        </form>
      </Layout>,
    );
  };
}

/** Activates or deactivates a user. A user whom the identity provider manages is changed there, as in the API. */
export function activateUser(options: PageOptions, active: boolean): RequestHandler {
  const { base, services } = options;
  return async (req, res) => {
    req.operationId = active ? "consoleActivateUser" : "consoleDeactivateUser";
    const { id, userName } = await requireUserInPath(req, options);
    const { caller } = requireVisit(req);
    await services.users.update(caller, id, undefined, (current) => ({ userName, ...current, active }));
    redirect(res, `${base}/users/${id}`);
  };
}
