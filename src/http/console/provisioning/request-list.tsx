import type { RequestHandler } from "express";
import type { VNode } from "preact";
import type { RequestLogEntry } from "../../../../schemas/audit-event.ts";
import { SelectField, TextField } from "../fields.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage } from "../page.tsx";
import { type ListPage, PageLinks, readListPage } from "../paging.tsx";
import { requireVisit } from "../visit.ts";
import { type RequestLogQuery, readRequestLogQuery, toRequestLogFilter } from "./log-query.ts";
import { RequestTable } from "./request-rows.tsx";

/** A logged request has a body of any allowed size. */
const sizeLimit = { lengthMax: 4 * 1024 * 1024, firstBatch: 10 };

/** Lists logged requests, newest first, with filters. */
export function showRequestLog({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleListRequests";
    const visit = requireVisit(req);
    const { organizationId } = visit.caller;
    const query = readRequestLogQuery(req.query);
    const filter = await toRequestLogFilter(services, organizationId, query);
    const pageQuery = { ...query, status: query.status?.toString(), rejected: query.rejected?.toString() };
    const page: ListPage<RequestLogEntry> =
      "unknown" in filter
        ? { items: [], nextQuery: undefined, firstQuery: undefined }
        : await readListPage({ organizationId, list: "requests", query: pageQuery }, (position) =>
            services.loggedRequests.list(organizationId, filter, { ...position, sizeLimit }),
          );
    const url = `${base}/provisioning/requests`;
    sendHtmlPage(
      res,
      200,
      <Layout title="Request log" base={base} visit={visit}>
        <p class="trail">
          <a href={`${base}/provisioning`}>Provisioning</a>
        </p>
        <h1>Request log</h1>
        <p class="muted">
          All SCIM requests and the rejected requests of the other APIs of the last 30 days. Values are masked. A
          request appears a few seconds after its response.
        </p>
        <Filters url={url} query={query} />
        {"unknown" in filter && (
          <p class="notice" role="status">
            There is no {filter.unknown.join(" and no ")}. Requests of a deleted user or group are found by its id.
          </p>
        )}
        {page.items.length === 0 ? (
          <p class="empty">No request matches.</p>
        ) : (
          <RequestTable base={base} caption="Logged requests, newest first" entries={page.items} />
        )}
        <PageLinks url={url} page={page} />
      </Layout>,
    );
  };
}

const results = { "": "Any", true: "Rejected", false: "Accepted" };

function Filters({ url, query }: { readonly url: string; readonly query: RequestLogQuery }): VNode {
  const { rejected, status, path = "", user = "", group = "", actorId = "", from = "", to = "" } = query;
  return (
    <form method="get" action={url} class="filters" aria-label="Filters">
      <SelectField name="rejected" label="Result" value={rejected?.toString() ?? ""} options={results} />
      <TextField name="status" label="Status" value={status?.toString() ?? ""} />
      <TextField name="path" label="Path and below" value={path} />
      <TextField name="user" label="User (name or id)" value={user} />
      <TextField name="group" label="Group (name or id)" value={group} />
      <TextField name="actorId" label="Id of the token" value={actorId} />
      {query.requestId !== undefined && <TextField name="requestId" label="Request id" value={query.requestId} />}
      {query.ignoredAttribute !== undefined && (
        <TextField name="ignoredAttribute" label="Ignored attribute" value={query.ignoredAttribute} />
      )}
      <TextField name="from" label="First day (UTC)" type="date" value={from} />
      <TextField name="to" label="Last day (UTC)" type="date" value={to} />
      <button type="submit">Filter</button>
    </form>
  );
}
