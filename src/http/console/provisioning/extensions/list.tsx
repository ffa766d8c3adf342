import type { RequestHandler } from "express";
import { CardTable } from "../../facts.tsx";
import type { PageOptions } from "../../options.ts";
import { Layout, sendHtmlPage } from "../../page.tsx";
import { Time } from "../../time.tsx";
import { requireVisit } from "../../visit.ts";

/** Lists the extension schemas of the organization, of which there are at most twenty. */
export function showExtensions({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleListExtensions";
    const visit = requireVisit(req);
    const extensions = await services.scimExtensions.list(visit.caller.organizationId);
    const url = `${base}/provisioning/extensions`;
    sendHtmlPage(
      res,
      200,
      <Layout title="Extension schemas" base={base} visit={visit}>
        <p class="trail">
          <a href={`${base}/provisioning`}>Provisioning</a>
        </p>
        <div class="heading">
          <h1>Extension schemas</h1>
          {visit.caller.scopes.has("admin:write") && (
            <a class="button" href={`${url}/new`}>
              Create schema
            </a>
          )}
        </div>
        <p class="muted">
          Attributes of users and groups beyond those of RFC 7643. SCIM clients find them in /Schemas, and can write,
          filter and sort by them.
        </p>
        {extensions.length === 0 ? (
          <p class="empty">No extension schema is declared.</p>
        ) : (
          <CardTable
            caption="Extension schemas, the oldest first"
            columns={["URN", "Extends", "Attributes", "Changed"]}
          >
            {extensions.map(({ id, urn, name, resourceType, attributes, updatedAt }) => (
              <tr key={id}>
                <th scope="row">
                  <a href={`${url}/${id}`}>{urn}</a>
                  {name !== undefined && <span class="sub">{name}</span>}
                </th>
                <td data-label="Extends">{resourceType}</td>
                <td data-label="Attributes">{attributes.map((each) => each.name).join(", ")}</td>
                <td data-label="Changed">
                  <Time at={updatedAt} absent="" />
                </td>
              </tr>
            ))}
          </CardTable>
        )}
      </Layout>,
    );
  };
}
