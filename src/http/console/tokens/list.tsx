import type { RequestHandler } from "express";
import type { VNode } from "preact";
import { type RenderedToken, renderToken } from "../../api/resources/token-response.ts";
import { CardTable } from "../facts.tsx";
import { SelectField, TextField } from "../fields.tsx";
import { Layout, sendHtmlPage, toActorName } from "../page.tsx";
import { PageLinks, readListPage } from "../paging.tsx";
import { formatTime, Time } from "../time.tsx";
import { requireVisit } from "../visit.ts";
import { readTokenListQuery, type TokenListQuery, toTokenFilter } from "./list-query.ts";
import { canChangeTokens, type TokenPagesOptions, toListTitle, toListUrl, toOwner } from "./options.ts";
import { LastUse, Scopes, Status, Warnings } from "./parts.tsx";
import { readUserNames } from "./user-names.ts";

/** Lists the tokens of the organization, with filters and one page at a time. */
export function showTokens(options: TokenPagesOptions): RequestHandler {
  const { base, services } = options;
  return async (req, res) => {
    req.operationId = "consoleListTokens";
    const visit = requireVisit(req);
    const { caller } = visit;
    const { organizationId } = caller;
    const query = readTokenListQuery(req);
    const owner = toOwner(options, caller);
    const filter = { ...toTokenFilter(query), ...owner };
    const page = await readListPage({ organizationId, list: `tokens ${owner.userId ?? ""}`, query }, (range) =>
      services.tokens.list(organizationId, range, filter),
    );
    const tokens = page.items.map(renderToken);
    const userNames = await readUserNames(services, organizationId, tokens);
    const url = toListUrl(options);
    const title = toListTitle(options);
    sendHtmlPage(
      res,
      200,
      <Layout title={title} base={base} visit={visit}>
        <div class="heading">
          <h1>{title}</h1>
          {canChangeTokens(options, caller) && (
            <a class="button" href={`${url}/new`}>
              Create token
            </a>
          )}
        </div>
        <Filters url={url} query={query} />
        {tokens.length === 0 ? (
          <p class="empty">No token matches.</p>
        ) : (
          <TokenTable url={url} tokens={tokens} userNames={userNames} />
        )}
        <PageLinks url={url} page={page} />
      </Layout>,
    );
  };
}

function Filters({ url, query }: { readonly url: string; readonly query: TokenListQuery }): VNode {
  return (
    <form method="get" action={url} class="filters" aria-label="Filters">
      <TextField name="name" label="Name begins with" value={query.name ?? ""} maxLength={200} />
      <TextField name="prefix" label="Token begins with" value={query.prefix ?? ""} maxLength={19} />
      <SelectField name="status" label="Status" value={query.status ?? ""} options={statuses} />
      <SelectField name="type" label="Type" value={query.type ?? ""} options={types} />
      <SelectField name="attention" label="Needs attention" value={query.attention ?? ""} options={attentions} />
      <SelectField name="origin" label="Origin" value={query.origin ?? "issued"} options={origins} />
      {query.userId !== undefined && <TextField name="userId" label="Id of the user" value={query.userId} />}
      <TextField name="label" label="Label, as key or key:value" value={query.label ?? ""} maxLength={400} />
      <button type="submit">Filter</button>
    </form>
  );
}

const statuses = { "": "Any", active: "Active", disabled: "Disabled", expired: "Expired", revoked: "Revoked" };
const types = { "": "Any", admin: "admin", scim: "scim", mcp: "mcp", agent: "agent" };
const attentions = { "": "All tokens", expiring: "Expires within 7 days", unused: "Not used in the last 30 days" };
const origins = { issued: "Request", exchange: "Exchange", oauth: "OAuth client" };

function TokenTable({
  url,
  tokens,
  userNames,
}: {
  readonly url: string;
  readonly tokens: readonly RenderedToken[];
  readonly userNames: ReadonlyMap<string, string>;
}): VNode {
  return (
    <CardTable caption="Tokens in order of creation" columns={columns}>
      {tokens.map((token) => (
        <TokenRow key={token.id} url={url} token={token} userName={userNames.get(token.userId ?? "")} />
      ))}
    </CardTable>
  );
}

const columns = [
  "Name",
  "Type",
  "Scopes",
  "Created",
  "Expires",
  "Last used",
  "Requests",
  "Failures",
  "Status",
] as const;

function TokenRow({
  url,
  token,
  userName,
}: {
  readonly url: string;
  readonly token: RenderedToken;
  readonly userName: string | undefined;
}): VNode {
  return (
    <tr>
      <th scope="row">
        <a href={`${url}/${token.id}`}>{token.name}</a>
        <code class="sub">{token.masked}</code>
      </th>
      <td data-label="Type">
        {token.type}
        {token.userId !== undefined && <span class="sub">for {userName ?? token.userId}</span>}
      </td>
      <td data-label="Scopes">
        <Scopes scopes={token.scopes} />
      </td>
      <td data-label="Created">
        <time dateTime={token.createdAt}>{formatTime(token.createdAt)}</time>
        <span class="sub">by {toActorName(token.createdBy)}</span>
      </td>
      <td data-label="Expires">
        <Time at={token.expiresAt} absent="Never" />
      </td>
      <td data-label="Last used">
        <LastUse token={token} />
      </td>
      <td data-label="Requests" class="number">
        {token.requestCount}
      </td>
      <td data-label="Failures" class="number">
        {token.failedCount}
      </td>
      <td data-label="Status">
        <Status status={token.status} />
        <Warnings token={token} />
      </td>
    </tr>
  );
}
