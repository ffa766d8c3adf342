import type { RequestHandler } from "express";
import type { VNode } from "preact";
import { z } from "zod";
import type { Connection } from "../../../../../schemas/connection.ts";
import { readSubjectNames } from "../../../../domain/directory/named-subjects.ts";
import { AppError, hasErrorCode } from "../../../../errors.ts";
import { createQueryParser } from "../../../api/kernel/validation.ts";
import { CardTable } from "../../facts.tsx";
import { CsrfField } from "../../fields.tsx";
import { readText } from "../../form.ts";
import type { PageOptions } from "../../options.ts";
import { Layout, redirect, sendHtmlPage } from "../../page.tsx";
import { PageLinks, readListPage } from "../../paging.tsx";
import { Time } from "../../time.tsx";
import { readVersion, VersionField } from "../../version-field.tsx";
import { requireVisit, type Visit } from "../../visit.ts";
import { canWrite, requireResource } from "../section.ts";
import { mcpServerSection } from "./section.tsx";
import { ServerTrail } from "./tool.tsx";

const parse = createQueryParser(z.object({ cursor: z.string().max(8192).optional() }));

/** Lists the connections of users to an MCP server, one page at a time. */
export function showConnections({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleListConnections";
    const visit = requireVisit(req);
    const { organizationId } = visit.caller;
    const query = parse(req.query);
    const server = await requireResource(mcpServerSection, services, visit, req.params["id"]);
    const page = await readListPage({ organizationId, list: `connections/${server.id}`, query }, (range) =>
      services.connections.list(organizationId, { mcpServer: server.id }, range),
    );
    const userIds = page.items.map(({ userId }) => userId);
    const names = await readSubjectNames(services, organizationId, { users: userIds, groups: [] });
    const url = `${base}${mcpServerSection.path}/${server.id}/connections`;
    sendHtmlPage(
      res,
      200,
      <Layout title={`Connections to ${server.name}`} base={base} visit={visit}>
        <ServerTrail base={base} server={server} />
        <h1>Connections to {server.name}</h1>
        {page.items.length === 0 ? (
          <p class="empty">No user is connected.</p>
        ) : (
          <CardTable
            caption="Connections in order of creation"
            columns={canWrite(visit) ? [...columns, "Action"] : columns}
          >
            {page.items.map((connection) => (
              <ConnectionRow
                key={connection.id}
                userName={names.get(connection.userId)}
                {...{ base, url, visit, connection }}
              />
            ))}
          </CardTable>
        )}
        <PageLinks url={url} page={page} />
      </Layout>,
    );
  };
}

const columns = ["User", "Account", "Connected", "Expires", "Status"] as const;
const statusClasses = { connected: "active", expired: "expired", error: "revoked" } as const;

const ConnectionRow = ({
  base,
  url,
  visit,
  connection: { id, userId, account, connectedAt, expiresAt, status, statusReason },
  userName,
}: {
  readonly base: string;
  readonly url: string;
  readonly visit: Visit;
  readonly connection: Connection;
  readonly userName: string | undefined;
}): VNode => (
  <tr>
    <th scope="row">
      <a href={`${base}/users/${userId}`}>{userName ?? userId}</a>
    </th>
    <td data-label="Account">{account ?? ""}</td>
    <td data-label="Connected">
      <Time at={connectedAt} absent="" />
    </td>
    <td data-label="Expires">
      <Time at={expiresAt} absent="Never" />
    </td>
    <td data-label="Status">
      <span class={`status ${statusClasses[status]}`}>{status}</span>
      {statusReason !== undefined && <span class="sub">{statusReason}</span>}
    </td>
    {canWrite(visit) && (
      <td data-label="Action">
        <a href={`${url}/delete?id=${id}`} aria-label={`Delete the connection of ${userName ?? userId}`}>
          Delete
        </a>
      </td>
    )}
  </tr>
);

/** Shows what the deletion of a connection causes, to be confirmed. */
export function showConnectionRemoval({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowConnectionRemoval";
    const visit = requireVisit(req);
    const { organizationId } = visit.caller;
    const server = await requireResource(mcpServerSection, services, visit, req.params["id"]);
    const connection = await services.connections.get(organizationId, String(req.query["id"]));
    if (connection?.mcpServerId !== server.id) throw connectionNotFound();
    const users = [connection.userId];
    const name = (await readSubjectNames(services, organizationId, { users, groups: [] })).get(connection.userId);
    const url = `${base}${mcpServerSection.path}/${server.id}/connections`;
    const user = name ?? connection.userId;
    sendHtmlPage(
      res,
      200,
      <Layout title={`Delete the connection of ${user}`} base={base} visit={visit}>
        <ServerTrail base={base} server={server} />
        <h1>Delete the connection of {user}?</h1>
        <p class="notice">
          The user's credential for {server.name} is deleted. OAuth tokens are revoked at the authorization server if
          the server has a revocation URL. The user can connect again.
        </p>
        <form method="post" action={`${url}/delete`} class="actions">
          <CsrfField visit={visit} />
          <input type="hidden" name="id" value={connection.id} />
          <VersionField version={connection.version} />
          <button type="submit" class="danger">
            Delete connection
          </button>
          <a href={url}>Cancel</a>
        </form>
      </Layout>,
    );
  };
}

/** Deletes the connection of a user to an MCP server, with its credential. */
export function deleteConnection({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleDeleteConnection";
    const visit = requireVisit(req);
    const { caller } = visit;
    const server = await requireResource(mcpServerSection, services, visit, req.params["id"]);
    const id = readText(req, "id");
    const connection = await services.connections.get(caller.organizationId, id);
    if (connection?.mcpServerId !== server.id) throw connectionNotFound();
    try {
      await services.connections.remove(caller, id, { ifMatch: [readVersion(req)] });
    } catch (error) {
      if (!hasErrorCode(error, "precondition-failed")) throw error;
      const text = "The connection has changed since you opened the page. Open it again, and confirm.";
      throw new AppError("precondition-failed", text, {}, error);
    }
    redirect(res, `${base}${mcpServerSection.path}/${server.id}/connections`);
  };
}

const connectionNotFound = (): AppError => new AppError("not-found", "The connection was not found.");
