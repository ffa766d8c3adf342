import type { RequestHandler } from "express";
import { Fact } from "../facts.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage } from "../page.tsx";
import { Time } from "../time.tsx";
import { requireVisit } from "../visit.ts";
import { toManager, UserStatus } from "./list.tsx";
import { requireUserInPath } from "./require-user.ts";

/** Shows one user with all groups, direct and inherited. */
export function showUser(options: PageOptions): RequestHandler {
  const { base, services } = options;
  return async (req, res) => {
    req.operationId = "consoleShowUser";
    const visit = requireVisit(req);
    const { organizationId, scopes } = visit.caller;
    const user = await requireUserInPath(req, options);
    const groups = (await services.memberships.groupsOf(organizationId, [user.id])).get(user.id) ?? [];
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
          </Fact>
          <Fact name="Groups">
            {groups.length === 0 ? (
              <span class="muted">None</span>
            ) : (
              <ul class="chips">
                {groups.map(({ id, displayName, isDirect }) => (
                  <li key={id} class={isDirect ? "" : "implied"}>
                    <a href={`${base}/groups/${id}`}>{displayName}</a>
                    {!isDirect && <span class="muted"> (inherited)</span>}
                  </li>
                ))}
              </ul>
            )}
          </Fact>
        </dl>
        <p class="actions">
          <a class="button" href={`${base}/users/${user.id}/access`}>
            Access
          </a>
          <a href={`${base}/audit?targetId=${user.id}`}>Changes of this user</a>
          {scopes.has("admin:tokens") && <a href={`${base}/tokens?userId=${user.id}`}>Personal tokens</a>}
        </p>
      </Layout>,
    );
  };
}
