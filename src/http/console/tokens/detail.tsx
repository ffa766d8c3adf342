import type { RequestHandler } from "express";
import type { VNode } from "preact";
import { expandScopes } from "../../../domain/tokens/scopes.ts";
import { type RenderedToken, renderToken } from "../../api/resources/token-response.ts";
import { Codes, Fact } from "../facts.tsx";
import { CsrfField } from "../fields.tsx";
import { LabelsFact } from "../labels.tsx";
import { Layout, sendHtmlPage, toActorName } from "../page.tsx";
import { Time } from "../time.tsx";
import { requireVisit, type Visit } from "../visit.ts";
import { canChangeTokens, readTokenId, type TokenPagesOptions, toListTitle, toListUrl, toOwner } from "./options.ts";
import { LastUse, Scopes, Status, Warnings } from "./parts.tsx";
import { readUserNames } from "./user-names.ts";

/** Shows one token, with what can be done to it. */
export function showToken(options: TokenPagesOptions): RequestHandler {
  const { base, services } = options;
  return async (req, res) => {
    req.operationId = "consoleShowToken";
    const visit = requireVisit(req);
    const { caller } = visit;
    const { organizationId } = caller;
    const token = renderToken(await services.tokens.get(organizationId, readTokenId(req), toOwner(options, caller)));
    const listUrl = toListUrl(options);
    const userNames = await readUserNames(services, organizationId, [token]);
    sendHtmlPage(
      res,
      200,
      <Layout title={token.name} base={base} visit={visit}>
        <p class="trail">
          <a href={listUrl}>{toListTitle(options)}</a>
        </p>
        <div class="heading">
          <h1>{token.name}</h1>
          <Status status={token.status} />
        </div>
        <Warnings token={token} />
        {token.description !== undefined && <p>{token.description}</p>}
        <Actions
          url={`${listUrl}/${token.id}`}
          token={token}
          visit={visit}
          canChange={canChangeTokens(options, caller)}
        />
        <Facts token={token} userName={userNames.get(token.userId ?? "")} />
        {visit.caller.scopes.has("admin:read") && (
          <p class="actions">
            {expandScopes(token.scopes).has("admin:scim") && (
              <>
                <a href={`${base}/provisioning/live?token=${token.id}`}>Wait for a request of this token</a>
                <a href={`${base}/provisioning/requests?actorId=${token.id}`}>Requests of this token</a>
              </>
            )}
            <a href={`${base}/audit?targetId=${token.id}`}>Changes of this token</a>
            <a href={`${base}/audit?actorId=${token.id}`}>Changes by this token</a>
          </p>
        )}
      </Layout>,
    );
  };
}

/** What can be done to a token in its state. A revoked one cannot change any more. */
function Actions({
  url,
  token: { id, status, origin, enabled },
  visit,
  canChange,
}: {
  readonly url: string;
  readonly token: RenderedToken;
  readonly visit: Visit;
  readonly canChange: boolean;
}): VNode | null {
  const isOwn = visit.caller.actor.id === id;
  if (status === "revoked" || !(canChange || isOwn)) return null;
  return (
    <div class="actions">
      {origin === "issued" && status !== "expired" && (
        <a class="button" href={`${url}/rotate`}>
          Rotate
        </a>
      )}
      {canChange && (
        <>
          <a class="button secondary" href={`${url}/edit`}>
            Edit
          </a>
          <form method="post" action={`${url}/${enabled ? "disable" : "enable"}`}>
            <CsrfField visit={visit} />
            <button type="submit" class="secondary">
              {enabled ? "Disable" : "Enable"}
            </button>
          </form>
          <a class="button danger" href={`${url}/revoke`}>
            Revoke
          </a>
        </>
      )}
    </div>
  );
}

function Facts({ token, userName }: { readonly token: RenderedToken; readonly userName: string | undefined }): VNode {
  const { allowedIps, mcpServers = [], failures } = token;
  return (
    <dl class="facts">
      <Fact name="Token">
        <code>{token.masked}</code>
      </Fact>
      <Fact name="Id">
        <code>{token.id}</code>
      </Fact>
      <Fact name="Type">{token.type}</Fact>
      <Fact name="Scopes">
        <Scopes scopes={token.scopes} hasImplied />
      </Fact>
      {token.userId !== undefined && <Fact name="Acts as">{userName ?? token.userId}</Fact>}
      <Fact name="Created">
        <Time at={token.createdAt} absent="" />
        <span class="sub">by {toActorName(token.createdBy)}</span>
      </Fact>
      <Fact name="Expires">
        <Time at={token.expiresAt} absent="Never" />
      </Fact>
      {token.revokedAt !== null && (
        <Fact name="Revoked">
          <Time at={token.revokedAt} absent="" />
        </Fact>
      )}
      {token.previousSecretExpiresAt !== null && (
        <Fact name="Previous secret valid until">
          <Time at={token.previousSecretExpiresAt} absent="" />
        </Fact>
      )}
      <Fact name="Last used">
        <LastUse token={token} />
      </Fact>
      <Fact name="Requests">{token.requestCount}</Fact>
      <Fact name="Failures">
        {token.failedCount}
        {token.failedCount > 0 && (
          <span class="sub">
            {Object.entries(failures)
              .map(([reason, count]) => `${reason}: ${count}`)
              .join(", ")}
          </span>
        )}
      </Fact>
      <Fact name="Allowed addresses">{allowedIps.length === 0 ? "Any" : <Codes values={allowedIps} />}</Fact>
      {token.environment !== undefined && <Fact name="Environment">{token.environment}</Fact>}
      {mcpServers.length > 0 && (
        <Fact name="MCP servers">
          <Codes values={mcpServers} />
        </Fact>
      )}
      {token.maxRisk !== undefined && <Fact name="Highest risk of tools">{token.maxRisk}</Fact>}
      <LabelsFact labels={token.labels} />
    </dl>
  );
}
