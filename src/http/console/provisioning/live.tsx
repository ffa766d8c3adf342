import type { RequestHandler } from "express";
import type { VNode } from "preact";
import { z } from "zod";
import type { RequestLogEntry } from "../../../../schemas/audit-event.ts";
import { AppError } from "../../../errors.ts";
import { createQueryParser } from "../../api/kernel/validation.ts";
import { type RenderedToken, renderToken } from "../../api/resources/token-response.ts";
import { Fact } from "../facts.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage } from "../page.tsx";
import { isId } from "../path-id.ts";
import { Time } from "../time.tsx";
import { LastUse, Status } from "../tokens/parts.tsx";
import { requireVisit } from "../visit.ts";
import { findArrivals, isRefreshed, refreshSeconds, watchMinutes } from "./arrivals.ts";
import { isOfConsole, RequestTable } from "./request-rows.tsx";

const readQuery = createQueryParser(
  z.object({
    token: z.string().max(100),
    since: z.int().min(0).optional(),
    stopped: z.boolean().default(false),
  }),
);

const shownMax = 10;
/** The page looks back by a day at most. */
const sinceMaxMs = 86_400_000;
const sizeLimit = { lengthMax: 1024 * 1024, firstBatch: shownMax };

/**
 * Shows the last requests of one token, for an administrator who waits for the connection test of an identity provider.
 * The page reloads itself by the header Refresh, which needs no script, and has a link that stops it (WCAG 2.2.1). It
 * stops by itself once requests have arrived, so that reading them is not interrupted.
 */
export function showLiveRequests({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowLiveRequests";
    const visit = requireVisit(req);
    const { organizationId, scopes, actor } = visit.caller;
    const now = Date.now();
    const { token: tokenId, since: openedAt = now, stopped } = readQuery(req.query);
    const since = Math.min(Math.max(openedAt, now - sinceMaxMs), now);
    if (!isId(tokenId, "tok")) throw notFound();
    const token = renderToken(await services.tokens.get(organizationId, tokenId));
    const hasTokens = scopes.has("admin:tokens");
    // Without the scope for tokens, only the connections of identity providers are visible.
    if (token.type !== "scim" && !hasTokens) throw notFound();
    const { loggedRequests } = services;
    const [own, rejected] = await Promise.all([
      loggedRequests.list(organizationId, { actorId: token.id }, { limit: shownMax, sizeLimit }),
      loggedRequests.list(organizationId, { rejected: true, from: new Date(since) }, { limit: shownMax, sizeLimit }),
    ]);
    // The session itself uses the token that it was opened with.
    const lastUsedAt = hasTokens && actor.id !== token.id ? token.lastUsedAt : null;
    const arrivals = findArrivals(own.items, lastUsedAt, since);
    const refreshes = !stopped && isRefreshed(arrivals, since, now);
    const url = `${base}/provisioning/live?token=${token.id}`;
    if (refreshes) res.setHeader("Refresh", `${refreshSeconds}; url=${url}&since=${since}`);
    const title = arrivals.hasArrived
      ? `A request of ${token.name} has arrived`
      : `Waiting for a request of ${token.name}`;
    sendHtmlPage(
      res,
      200,
      <Layout title={title} base={base} visit={visit}>
        <p class="trail">
          <a href={`${base}/provisioning`}>Provisioning</a>
        </p>
        <div class="heading">
          <h1>{title}</h1>
          <Status status={token.status} />
        </div>
        <p class="notice" role="status">
          {toStateText({ arrivals, token, since, refreshes })}
        </p>
        <p class="actions">
          {refreshes ? (
            <a class="button secondary" href={`${url}&since=${since}&stopped=true`}>
              Stop reloading
            </a>
          ) : (
            <a class="button" href={url}>
              Wait for the next request
            </a>
          )}
          <a href={`${base}/provisioning/requests?actorId=${token.id}`}>All requests of this token</a>
        </p>
        <dl class="facts">
          <Fact name="Waiting since">
            <Time at={new Date(since).toISOString()} absent="" />
          </Fact>
          {hasTokens && (
            <Fact name="Last use of the token">
              <LastUse token={token} />
            </Fact>
          )}
          {hasTokens && <Fact name="Rejected uses">{token.failedCount}</Fact>}
        </dl>
        <RequestSection base={base} title="Last requests of this token" entries={own.items} />
        <RequestSection
          base={base}
          title="Rejected requests of others since then"
          entries={rejected.items.filter((entry) => entry.actor?.id !== token.id && !isOfConsole(base, entry))}
          hint="A connection test with a mistyped token or a wrong address appears here."
        />
      </Layout>,
    );
  };
}

const notFound = (): AppError => new AppError("not-found", "The token was not found.");

function toStateText({
  arrivals: { hasArrived, logged },
  token,
  since,
  refreshes,
}: {
  readonly arrivals: ReturnType<typeof findArrivals>;
  readonly token: RenderedToken;
  readonly since: number;
  readonly refreshes: boolean;
}): string {
  if (token.status !== "active") return `The token is ${token.status}: every request with it is rejected.`;
  const clock = new Date(since).toISOString().slice(11, 19);
  const state = hasArrived
    ? logged > 0
      ? `${logged === 1 ? "One request has" : `${logged} requests have`} arrived since ${clock} UTC.`
      : `The token was used since ${clock} UTC.`
    : `No request has arrived since ${clock} UTC.`;
  const delay = "A request appears within about eight seconds.";
  if (refreshes) return `${state} The page reloads every ${refreshSeconds} seconds. ${delay}`;
  return hasArrived ? `${state} The page does not reload any more.` : `${state} ${stoppedText}`;
}

const stoppedText = `The page does not reload: it was stopped, or ${watchMinutes} minutes have passed.`;

const RequestSection = ({
  base,
  title,
  entries,
  hint,
}: {
  readonly base: string;
  readonly title: string;
  readonly entries: readonly RequestLogEntry[];
  readonly hint?: string;
}): VNode => (
  <section>
    <h2>{title}</h2>
    {hint !== undefined && <p class="hint">{hint}</p>}
    {entries.length === 0 ? (
      <p class="muted">None.</p>
    ) : (
      <RequestTable base={base} caption={`${title}, newest first`} entries={entries} />
    )}
  </section>
);
