import type { Request, RequestHandler, Response } from "express";
import type { VNode } from "preact";
import { z } from "zod";
import type { Group } from "../../../../schemas/user.ts";
import type { Member } from "../../../domain/directory/members.ts";
import { createQueryParser } from "../../api/kernel/validation.ts";
import { ChangedBy, readLastChange } from "../audit/last-change.tsx";
import { Fact } from "../facts.tsx";
import type { FormErrors } from "../form.ts";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage } from "../page.tsx";
import { PageLinks, readListPage } from "../paging.tsx";
import { canOpenSection } from "../sections.ts";
import { Time } from "../time.tsx";
import { toManager } from "../users/list.tsx";
import { requireVisit } from "../visit.ts";
import { AddMemberForm, type MemberForm, MemberTable } from "./members.tsx";
import { requireGroupInPath } from "./require-group.ts";

const parse = createQueryParser(z.object({ cursor: z.string().max(8192).optional() }));
/** More parent groups are in the list of groups. */
const parentsMax = 20;

/** Shows one group with its parent groups and a page of its direct members. */
export function showGroup(options: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowGroup";
    const group = await requireGroupInPath(req, options);
    await sendGroup(req, res, 200, options, group);
  };
}

/**
 * Sends the page of a group.
 * @param submitted a member that could not be added, with the errors
 */
export async function sendGroup(
  req: Request,
  res: Response,
  status: number,
  options: PageOptions,
  group: Group,
  submitted?: { readonly form: MemberForm; readonly errors: FormErrors },
): Promise<void> {
  const { base, services } = options;
  const visit = requireVisit(req);
  const { caller } = visit;
  const { organizationId } = caller;
  const query = submitted ? {} : parse(req.query);
  const page = await readListPage({ organizationId, list: group.id, query }, async ({ limit, after }) => ({
    items: await services.members.list(organizationId, group.id, { limit, ...(after && { after: after.id }) }),
  }));
  const parents = await services.members.listParents(organizationId, group.id, { limit: parentsMax + 1 });
  const actor = await readLastChange(options, caller, group.id);
  const canChange = group.managedBy === undefined && caller.scopes.has("admin:write");
  const url = `${base}/groups/${group.id}`;
  sendHtmlPage(
    res,
    status,
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
          <ChangedBy base={base} caller={caller} actor={actor} />
        </Fact>
        <Fact name="Member of">
          <Parents base={base} groupId={group.id} parents={parents.flatMap(({ member }) => member ?? [])} />
        </Fact>
      </dl>
      <p class="actions">
        <a href={`${base}/audit?targetId=${group.id}`}>Changes of this group</a>
        {canOpenSection(caller, "/provisioning") && (
          <a href={`${base}/provisioning/requests?group=${group.id}`}>Requests for this group</a>
        )}
      </p>
      <h2>Direct members</h2>
      {canChange && (
        <AddMemberForm
          url={url}
          visit={visit}
          form={submitted?.form ?? { type: "user", member: "" }}
          errors={submitted?.errors}
        />
      )}
      <MemberTable
        base={base}
        url={url}
        visit={visit}
        members={page.items.flatMap(({ member }) => member ?? [])}
        canChange={canChange}
      />
      <PageLinks url={url} page={page} />
    </Layout>,
  );
}

/** The groups of which a group is a direct member. */
function Parents({
  base,
  groupId,
  parents,
}: {
  readonly base: string;
  readonly groupId: string;
  readonly parents: readonly Member[];
}): VNode {
  if (parents.length === 0) return <span class="muted">No group</span>;
  return (
    <>
      <ul class="chips">
        {parents.slice(0, parentsMax).map(({ id, name }) => (
          <li key={id}>
            <a href={`${base}/groups/${id}`}>{name}</a>
          </li>
        ))}
      </ul>
      {parents.length > parentsMax && <a href={`${base}/groups?member=${groupId}`}>All parent groups</a>}
    </>
  );
}
