import type { RequestHandler } from "express";
import type { VNode } from "preact";
import { z } from "zod";
import type { User } from "../../../../schemas/user.ts";
import { createQueryParser } from "../../api/kernel/validation.ts";
import { ChangedBy, readLastChange } from "../audit/last-change.tsx";
import { Fact } from "../facts.tsx";
import { CsrfField } from "../fields.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage } from "../page.tsx";
import { PageLinks } from "../paging.tsx";
import { canOpenSection } from "../sections.ts";
import { Time } from "../time.tsx";
import { requireVisit, type Visit } from "../visit.ts";
import { GroupChips, readUserGroups } from "./groups.tsx";
import { toManager, UserStatus } from "./list.tsx";
import { requireUserInPath } from "./require-user.ts";

const parse = createQueryParser(z.object({ cursor: z.string().max(8192).optional() }));

/** Shows one user with a page of the groups, direct and inherited. */
export function showUser(options: PageOptions): RequestHandler {
  const { base } = options;
  return async (req, res) => {
    req.operationId = "consoleShowUser";
    const visit = requireVisit(req);
    const { caller } = visit;
    const query = parse(req.query);
    const user = await requireUserInPath(req, options);
    const groups = await readUserGroups(options, caller.organizationId, user.id, query);
    const actor = await readLastChange(options, caller, user.id);
    const url = `${base}/users/${user.id}`;
    sendHtmlPage(
      res,
      200,
      <Layout title={user.userName} base={base} visit={visit}>
        <p class="trail">
          <a href={`${base}/users`}>Users</a>
        </p>
        <div class="heading">
          <h1>{user.userName}</h1>
          <UserStatus user={user} />
        </div>
        <Actions url={url} user={user} visit={visit} />
        <dl class="facts">
          <Fact name="Id">
            <code>{user.id}</code>
          </Fact>
          {user.displayName !== undefined && <Fact name="Display name">{user.displayName}</Fact>}
          {user.emails !== undefined && <Fact name="E-mail">{user.emails.map(({ value }) => value).join(", ")}</Fact>}
          {user.externalId !== undefined && (
            <Fact name="External id">
              <code>{user.externalId}</code>
            </Fact>
          )}
          <Fact name="Managed by">{toManager(user)}</Fact>
          <Fact name="Created">
            <Time at={user.createdAt} absent="" />
          </Fact>
          <Fact name="Changed">
            <Time at={user.updatedAt} absent="" />
            <ChangedBy base={base} caller={caller} actor={actor} />
          </Fact>
        </dl>
        <p class="actions">
          <a href={`${base}/audit?targetId=${user.id}`}>Changes of this user</a>
          {canOpenSection(caller, "/tokens") && <a href={`${base}/tokens?userId=${user.id}`}>Personal tokens</a>}
          {canOpenSection(caller, "/provisioning") && (
            <a href={`${base}/provisioning/requests?user=${user.id}`}>Requests for this user</a>
          )}
        </p>
        <h2>Groups</h2>
        {groups.isDirectOnly && (
          <p class="notice">The user is in too many groups to show inherited ones. These are the direct ones.</p>
        )}
        <GroupChips base={base} groups={groups.items} />
        <PageLinks url={url} page={groups} />
      </Layout>,
    );
  };
}

/** What can be done. A user whom the identity provider manages is changed there. */
function Actions({
  url,
  user: { active, managedBy },
  visit,
}: {
  readonly url: string;
  readonly user: User;
  readonly visit: Visit;
}): VNode {
  const canChange = managedBy === undefined && visit.caller.scopes.has("admin:write");
  return (
    <div class="actions">
      <a class="button" href={`${url}/access`}>
        Access
      </a>
      {canChange && active && (
        <a class="button secondary" href={`${url}/deactivate`}>
          Deactivate
        </a>
      )}
      {canChange && !active && (
        <form method="post" action={`${url}/activate`}>
          <CsrfField visit={visit} />
          <button type="submit" class="secondary">
            Activate
          </button>
        </form>
      )}
    </div>
  );
}
