import type { RequestHandler } from "express";
import type { VNode } from "preact";
import type { ActivityReader } from "../../domain/activity/activity-reader.ts";
import type { PageOptions } from "./options.ts";
import { Activity, activityHoursShown } from "./overview/activity.tsx";
import { Counts, createOverviewCounters, readOverviewCounts } from "./overview/counts.tsx";
import { Layout, sendHtmlPage, toActorName } from "./page.tsx";
import { Time } from "./time.tsx";
import { requireVisit } from "./visit.ts";

/** What the overview uses. */
export interface OverviewOptions extends PageOptions {
  readonly activity: ActivityReader;
}

/** Shows the organization in numbers, and with which credential the browser is signed in and what it may do here. */
export function showOverview({ base, services, activity }: OverviewOptions): RequestHandler {
  const counters = createOverviewCounters(services);
  return async (req, res) => {
    req.operationId = "consoleOverview";
    const visit = requireVisit(req);
    const { actor, scopes, token, organizationId } = visit.caller;
    const canRead = scopes.has("admin:read");
    const [counts, hours, authSecretUse] = await Promise.all([
      readOverviewCounts(counters, visit.caller),
      canRead ? activity.lastHours(organizationId, activityHoursShown) : undefined,
      canRead ? activity.lastAuthSecretUse(organizationId) : undefined,
    ]);
    sendHtmlPage(
      res,
      200,
      <Layout title="Overview" base={base} visit={visit}>
        <h1>{visit.organizationName}</h1>
        <Counts base={base} counts={counts} />
        {hours && <Activity base={base} hours={hours} />}
        {authSecretUse && (
          <p>
            <code>AUTH_SECRET</code> was last used from {authSecretUse.ip}:{" "}
            <Time at={authSecretUse.at} absent="Never" />
          </p>
        )}
        <section aria-labelledby="tasks">
          <h2 id="tasks">Tasks</h2>
          <ul class="tasks">
            {scopes.has("admin:tokens") && <TokenTasks base={base} />}
            {scopes.has("admin:read") && (
              <li>
                {scopes.has("admin:write") ? "Manage" : "Read"} <a href={`${base}/catalog/mcp-servers`}>the catalog</a>{" "}
                and <a href={`${base}/policies`}>policies</a>; read <a href={`${base}/users`}>users</a>,{" "}
                <a href={`${base}/groups`}>groups</a> and the <a href={`${base}/audit`}>audit log</a>.
              </li>
            )}
          </ul>
          {!scopes.has("admin:tokens") && (
            <p>
              {scopes.has("admin:write") ? "This session does not show tokens." : "This session is read-only."} Managing
              tokens requires {actor.type === "user" ? "a role" : "a token"} with the scope <code>admin:tokens</code> or{" "}
              <code>all</code>.
            </p>
          )}
        </section>
        <section aria-labelledby="session">
          <h2 id="session">This session</h2>
          <dl class="facts">
            <dt>Signed in with</dt>
            <dd>{toActorName(actor)}</dd>
            {token && (
              <>
                <dt>Token type</dt>
                <dd>{token.type}</dd>
                <dt>Token expires</dt>
                <dd>
                  <Time at={token.expiresAt} absent="Never" />
                </dd>
              </>
            )}
            <dt>Scopes</dt>
            <dd>
              <ul class="chips">
                {[...scopes].sort().map((scope) => (
                  <li key={scope}>{scope}</li>
                ))}
              </ul>
            </dd>
            <dt>Session ends</dt>
            <dd>
              After 30 minutes without a request, 8 hours after the sign-in, or{" "}
              {actor.type === "user" ? "when you are deactivated or lose the role" : "with the token"}.
            </dd>
          </dl>
        </section>
      </Layout>,
    );
  };
}

const TokenTasks = ({ base }: { readonly base: string }): VNode => (
  <>
    <li>
      <a href={`${base}/tokens`}>Tokens</a>: see who uses the organization, create, rotate, disable and revoke tokens.
    </li>
    <li>
      <a href={`${base}/tokens/new`}>Create a token</a> for an identity provider, a script or an MCP client.
    </li>
    <li>
      <a href={`${base}/tokens?attention=expiring`}>Tokens that expire within 7 days</a> and{" "}
      <a href={`${base}/tokens?attention=unused`}>those not used in the last 30 days</a>.
    </li>
  </>
);
