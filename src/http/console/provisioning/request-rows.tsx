import type { VNode } from "preact";
import type { RequestLogEntry } from "../../../../schemas/audit-event.ts";
import { CardTable } from "../facts.tsx";
import { toActorName } from "../page.tsx";
import { Time } from "../time.tsx";

const columns = ["Request", "Time", "Status", "Token", "Reason", "Duration"] as const;

/** Logged requests, newest first, each with a link to its page. @param caption for screen readers */
export function RequestTable({
  base,
  caption,
  entries,
}: {
  readonly base: string;
  readonly caption: string;
  readonly entries: readonly RequestLogEntry[];
}): VNode {
  return (
    <CardTable caption={caption} columns={columns}>
      {entries.map((entry) => (
        <tr key={entry.id}>
          <th scope="row">
            <a href={`${base}/provisioning/requests/${entry.id}`}>
              {entry.method} {entry.path}
            </a>
          </th>
          <td data-label="Time">
            <Time at={entry.createdAt} absent="" />
          </td>
          <td data-label="Status">
            <RequestStatus entry={entry} />
          </td>
          <td data-label="Token">{entry.actor ? toActorName(entry.actor) : <span class="muted">None</span>}</td>
          <td data-label="Reason">
            <Reason entry={entry} />
          </td>
          <td data-label="Duration" class="number">
            {formatDuration(entry)}
          </td>
        </tr>
      ))}
    </CardTable>
  );
}

/** The HTTP status, and as a word whether the request was rejected. */
export const RequestStatus = ({
  entry: { status, rejected },
}: {
  readonly entry: Pick<RequestLogEntry, "status" | "rejected">;
}): VNode => (
  <span class={`status ${rejected ? "revoked" : "active"}`}>
    {status} {rejected ? "rejected" : "accepted"}
  </span>
);

/** Why a request was rejected, or which attributes of it were ignored. */
function Reason({ entry: { detail, cause, ignoredAttributes } }: { readonly entry: RequestLogEntry }): VNode {
  return (
    <>
      {detail}
      {cause !== undefined && <span class="sub">Credential: {cause}</span>}
      {ignoredAttributes !== undefined && <span class="sub">Ignored: {ignoredAttributes.join(", ")}</span>}
    </>
  );
}

/** Whether a request was sent to the console, and so by no client of an API. */
export const isOfConsole = (base: string, { path }: Pick<RequestLogEntry, "path">): boolean =>
  path.startsWith(`${base}/`) || path.startsWith("/console/");

/** Formats the duration of a request. */
export const formatDuration = ({ durationMs }: Pick<RequestLogEntry, "durationMs">): string =>
  `${durationMs < 10 ? durationMs.toFixed(1) : Math.round(durationMs)} ms`;
