import type { RequestHandler } from "express";
import type { VNode } from "preact";
import { z } from "zod";
import type { Group } from "../../../../schemas/user.ts";
import { fieldStartsWith, groupFields, readField } from "../../../store/fields.ts";
import type { Condition } from "../../../store/query.ts";
import { createQueryParser } from "../../api/kernel/validation.ts";
import { CardTable } from "../facts.tsx";
import { TextField } from "../fields.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage } from "../page.tsx";
import { PageLinks, readListPage, withoutEmpty } from "../paging.tsx";
import { Time } from "../time.tsx";
import { toManager } from "../users/list.tsx";
import { requireVisit } from "../visit.ts";

const schema = z.object({
  displayName: z.string().max(1024).optional(),
  member: z.string().max(100).optional(),
  cursor: z.string().max(8192).optional(),
});
const parse = createQueryParser(schema);

/** Lists groups in order of their names. */
export function showGroups({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleListGroups";
    const visit = requireVisit(req);
    const { organizationId } = visit.caller;
    const query = parse(withoutEmpty(req.query));
    const { path } = groupFields.displayName;
    const where = toCondition(query);
    const page = await readListPage(
      { organizationId, list: "groups", query },
      (range) =>
        services.groups.list(organizationId, {
          ...range,
          sort: { path, direction: "ascending" },
          ...(where && { where }),
        }),
      (group) => ({ id: group.id, value: readField(group, path) }),
    );
    const url = `${base}/groups`;
    sendHtmlPage(
      res,
      200,
      <Layout title="Groups" base={base} visit={visit}>
        <h1>Groups</h1>
        <form method="get" action={url} class="filters" aria-label="Filters">
          <TextField name="displayName" label="Name begins with" value={query.displayName ?? ""} />
          {query.member !== undefined && <TextField name="member" label="Id of a direct member" value={query.member} />}
          <button type="submit">Filter</button>
        </form>
        {page.items.length === 0 ? (
          <p class="empty">No group matches.</p>
        ) : (
          <CardTable caption="Groups in order of their names" columns={columns}>
            {page.items.map((group) => (
              <GroupRow key={group.id} url={url} group={group} />
            ))}
          </CardTable>
        )}
        <PageLinks url={url} page={page} />
      </Layout>,
    );
  };
}

function toCondition({ displayName, member }: z.output<typeof schema>): Condition | undefined {
  const all: Condition[] = [
    ...(displayName === undefined ? [] : [fieldStartsWith(groupFields.displayName, displayName)]),
    ...(member === undefined
      ? []
      : [{ op: "some", path: "members", where: { op: "eq", path: "value", value: member } } as const]),
  ];
  return all.length > 0 ? { op: "and", all } : undefined;
}

const columns = ["Name", "Managed by", "Created", "Changed"] as const;

const GroupRow = ({ url, group }: { readonly url: string; readonly group: Group }): VNode => (
  <tr>
    <th scope="row">
      <a href={`${url}/${group.id}`}>{group.displayName}</a>
    </th>
    <td data-label="Managed by">{toManager(group)}</td>
    <td data-label="Created">
      <Time at={group.createdAt} absent="" />
    </td>
    <td data-label="Changed">
      <Time at={group.updatedAt} absent="" />
    </td>
  </tr>
);
