import type { RequestHandler } from "express";
import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { createQueryParser } from "../../api/kernel/validation.ts";
import { Fact } from "../facts.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage } from "../page.tsx";
import { PageLinks, readListPage } from "../paging.tsx";
import { readPathId } from "../path-id.ts";
import { Time } from "../time.tsx";
import { toManager } from "../users/list.tsx";
import { requireVisit } from "../visit.ts";

const parse = createQueryParser(z.object({ cursor: z.string().max(8192).optional() }));

/** Shows one group with a page of its direct members. */
export function showGroup({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowGroup";
    const visit = requireVisit(req);
    const { organizationId } = visit.caller;
    const query = parse(req.query);
    const group = await services.groups.get(organizationId, readPathId(req, "grp", "The group was not found."));
    if (!group) throw new AppError("not-found", "The group was not found.");
    const page = await readListPage({ organizationId, list: group.id, query }, async ({ limit, after }) => ({
      items: await services.members.list(organizationId, group.id, { limit, ...(after && { after: after.id }) }),
    }));
    const members = page.items.flatMap(({ member }) => member ?? []);
    sendHtmlPage(
      res,
      200,
      <Layout title={group.displayName} base={base} visit={visit}>
        <p class="trail">
          <a href={`${base}/groups`}>Groups</a>
        </p>
        <h1>{group.displayName}</h1>
        <dl class="facts">
          <Fact name="Id">
            <code>{group.id}</code>
          </Fact>
          {group.externalId !== undefined && (
            <Fact name="External id">
              <code>{group.externalId}</code>
            </Fact>
          )}
          <Fact name="Managed by">{toManager(group)}</Fact>
          <Fact name="Created">
            <Time at={group.createdAt} absent="" />
          </Fact>
          <Fact name="Changed">
            <Time at={group.updatedAt} absent="" />
          </Fact>
        </dl>
        <p class="actions">
          <a href={`${base}/audit?targetId=${group.id}`}>Changes of this group</a>
        </p>
        <h2>Direct members</h2>
        {members.length === 0 ? (
          <p class="empty">No members.</p>
        ) : (
          <ul class="chips">
            {members.map(({ id, type, name }) => (
              <li key={id}>
                <a href={`${base}/${type}s/${id}`}>{name}</a>
                {type === "group" && <span class="muted"> (group)</span>}
              </li>
            ))}
          </ul>
        )}
        <PageLinks url={`${base}/groups/${group.id}`} page={page} />
      </Layout>,
    );
  };
}
