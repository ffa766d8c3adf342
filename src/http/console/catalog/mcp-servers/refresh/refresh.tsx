import type { RequestHandler, Response } from "express";
import type { McpServer } from "../../../../../../schemas/mcp-server.ts";
import { type McpServerRefresh, mcpServerRefreshInput } from "../../../../../../schemas/mcp-server-refresh.ts";
import { AppError } from "../../../../../errors.ts";
import { parseBody } from "../../../../api/kernel/validation.ts";
import { httpStatuses } from "../../../../server/error-mapping.ts";
import { CsrfField } from "../../../fields.tsx";
import { readText, readValues } from "../../../form.ts";
import type { PageOptions } from "../../../options.ts";
import { Layout, redirect, sendHtmlPage } from "../../../page.tsx";
import { requireVisit, type Visit } from "../../../visit.ts";
import { requireResource } from "../../section.ts";
import { mcpServerSection } from "../section.tsx";
import { ServerTrail } from "../tool.tsx";
import { ChangeView, changeLength, listChanges } from "./change.tsx";

/**
 * Reads the tools of an MCP server, applies the approved changes, and shows the difference. An approval names the digest of
 * what was shown, so that a change that is different by now is shown again and not applied.
 */
export function refreshTools({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleRefreshMcpServer";
    const visit = requireVisit(req);
    const server = await requireResource(mcpServerSection, services, visit, req.params["id"]);
    const { approve } = parseBody(mcpServerRefreshInput, { approve: readValues(req, "digest") });
    const page = { base, visit, server, from: readOffset(readText(req, "from")) };
    let report: McpServerRefresh;
    try {
      report = await services.catalogRefresh.refresh(visit.caller, server.id, approve);
    } catch (error) {
      if (!(error instanceof AppError) || !shownErrors.has(error.code)) throw error;
      sendRefresh(res, httpStatuses[error.code], { ...page, notice: error.message });
      return;
    }
    const applied = new Set(listChanges(report).flatMap(({ change }) => (change.isApplied ? [change.digest] : [])));
    const missing = approve.filter((digest) => !applied.has(digest));
    if (approve.length > 0 && missing.length === 0) {
      redirect(res, `${base}${mcpServerSection.path}/${server.id}`);
      return;
    }
    const notice = missing.length === 0 ? undefined : toMissingText(approve.length - missing.length, missing.length);
    sendRefresh(res, notice === undefined ? 200 : 409, { ...page, report, ...(notice !== undefined && { notice }) });
  };
}

/** An offset that is none shows the first differences. */
const readOffset = (text: string): number => (/^\d{1,4}$/.test(text) ? Number(text) : 0);

const shownErrors: ReadonlySet<string> = new Set(["upstream-failed", "limit-reached", "conflict"]);

const toMissingText = (appliedCount: number, missingCount: number): string =>
  `${missingCount} of the approved changes ${missingCount === 1 ? "is" : "are"} different now and ${
    missingCount === 1 ? "was" : "were"
  } not applied; ${appliedCount} ${appliedCount === 1 ? "was" : "were"}. Check what the server offers now.`;

/** Differences on one page, by number and by characters. */
const shownMax = { changes: 100, length: 400_000 };
/** Comparisons of lines for one page: about 20 ms. */
const comparisonsMax = 2_000_000;

interface RefreshPage {
  readonly base: string;
  readonly visit: Visit;
  readonly server: McpServer;
  /** The number of differences that are not shown, because an earlier page has shown them. */
  readonly from: number;
  readonly notice?: string;
  /** Absent after an error. */
  readonly report?: McpServerRefresh;
}

function sendRefresh(res: Response, status: number, page: RefreshPage): void {
  const { base, visit, server, from, notice, report } = page;
  const url = `${base}${mcpServerSection.path}/${server.id}`;
  const changes = report ? listChanges(report) : [];
  const shown = takeChanges(changes.slice(from));
  const waiting = shown.filter(({ change }) => !change.isApplied);
  const budget = { remaining: comparisonsMax };
  sendHtmlPage(
    res,
    status,
    <Layout title={`Tools that ${server.name} offers`} base={base} visit={visit}>
      <ServerTrail base={base} server={server} />
      <h1>Tools that {server.name} offers</h1>
      {notice !== undefined && (
        <div class="notice error" role="alert">
          <p>{notice}</p>
          {!report && server.auth.type !== "none" && (
            <p>
              The comparison uses the <a href={`${url}/secrets`}>credential of the organization</a>.
            </p>
          )}
        </div>
      )}
      {report && (
        <p>
          {report.changed.length} changed, {report.added.length} new, {report.removed.length} no longer offered,{" "}
          {report.unchanged} equal.
          {waiting.length > 0 && " Nothing changes in the catalog until you approve it."}
        </p>
      )}
      {report && report.quarantined.length > 0 && (
        <div class="notice">
          <p>These tools have definitions that clients would reject, and are never applied:</p>
          <ul>
            {report.quarantined.slice(0, shownMax.changes).map(({ name, problem }) => (
              <li key={name}>
                <code>{name}</code>: {problem}
              </li>
            ))}
          </ul>
        </div>
      )}
      <form method="post" action={`${url}/refresh`}>
        <CsrfField visit={visit} />
        {shown.map((change) => (
          <ChangeView key={change.change.digest} canApprove {...{ change, budget }} />
        ))}
        <div class="actions">
          {waiting.length > 0 && <button type="submit">Approve the selected changes</button>}
          <a href={url}>{waiting.length > 0 ? "Leave the catalog as it is" : "Back to the server"}</a>
        </div>
      </form>
      <div class="actions">
        {waiting.length > 1 && (
          <form method="post" action={`${url}/refresh`}>
            <CsrfField visit={visit} />
            {waiting.map(({ change: { digest } }) => (
              <input key={digest} type="hidden" name="digest" value={digest} />
            ))}
            <button type="submit" class="secondary">
              Approve all {waiting.length} changes above
            </button>
          </form>
        )}
        <form method="post" action={`${url}/refresh`}>
          <CsrfField visit={visit} />
          <button type="submit" class="secondary">
            Compare again
          </button>
        </form>
        {changes.length > from + shown.length && (
          <form method="post" action={`${url}/refresh`}>
            <CsrfField visit={visit} />
            <input type="hidden" name="from" value={from + shown.length} />
            <button type="submit" class="secondary">
              Show {changes.length - from - shown.length} more
            </button>
          </form>
        )}
      </div>
    </Layout>,
  );
}

/** Returns as many differences as a page can show, and at least one if there is any. */
function takeChanges<T extends Parameters<typeof changeLength>[0]>(changes: readonly T[]): readonly T[] {
  let length = 0;
  const end = changes.slice(0, shownMax.changes).findIndex((change) => {
    const isFirst = length === 0;
    length += changeLength(change);
    return !isFirst && length > shownMax.length;
  });
  return changes.slice(0, end < 0 ? shownMax.changes : end);
}
