import type { RequestHandler } from "express";
import type { VNode } from "preact";
import { z } from "zod";
import type { User } from "../../../../schemas/user.ts";
import { elementEquals, fieldEquals, fieldStartsWith, readField, userFields } from "../../../store/fields.ts";
import type { Condition } from "../../../store/query.ts";
import { createQueryParser } from "../../api/kernel/validation.ts";
import { CardTable } from "../facts.tsx";
import { SelectField, TextField } from "../fields.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage } from "../page.tsx";
import { PageLinks, readListPage, withoutEmpty } from "../paging.tsx";
import { Time } from "../time.tsx";
import { requireVisit } from "../visit.ts";

const schema = z.object({
  userName: z.string().max(1024).optional(),
  displayName: z.string().max(1024).optional(),
  email: z.string().max(1024).optional(),
  active: z.enum(["true", "false"]).optional(),
  cursor: z.string().max(8192).optional(),
});
const parse = createQueryParser(schema);

/** Lists users in order of their user names. */
export function showUsers({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleListUsers";
    const visit = requireVisit(req);
    const { organizationId } = visit.caller;
    const query = parse(withoutEmpty(req.query));
    const where = toCondition(query);
    const { path } = userFields.userName;
    const page = await readListPage(
      { organizationId, list: "users", query },
      (range) =>
        services.users.list(organizationId, {
          ...range,
          sort: { path, direction: "ascending" },
          ...(where && { where }),
        }),
      (user) => ({ id: user.id, value: readField(user, path) }),
    );
    const url = `${base}/users`;
    sendHtmlPage(
      res,
      200,
      <Layout title="Users" base={base} visit={visit}>
        <h1>Users</h1>
        <form method="get" action={url} class="filters" aria-label="Filters">
          <TextField name="userName" label="User name begins with" value={query.userName ?? ""} />
          <TextField name="displayName" label="Display name begins with" value={query.displayName ?? ""} />
          <TextField name="email" label="E-mail address is" value={query.email ?? ""} />
          <SelectField name="active" label="Status" value={query.active ?? ""} options={statuses} />
          <button type="submit">Filter</button>
        </form>
        {page.items.length === 0 ? (
          <p class="empty">No user matches.</p>
        ) : (
          <CardTable caption="Users in order of their user names" columns={columns}>
            {page.items.map((user) => (
              <UserRow key={user.id} url={url} user={user} />
            ))}
          </CardTable>
        )}
        <PageLinks url={url} page={page} />
      </Layout>,
    );
  };
}

function toCondition({ userName, displayName, email, active }: z.output<typeof schema>): Condition | undefined {
  const all = [
    ...(userName === undefined ? [] : [fieldStartsWith(userFields.userName, userName)]),
    ...(displayName === undefined ? [] : [fieldStartsWith(userFields.displayName, displayName)]),
    ...(email === undefined ? [] : [elementEquals(userFields.emails, "value", email.trim())]),
    ...(active === undefined ? [] : [fieldEquals(userFields.active, active === "true")]),
  ];
  return all.length > 0 ? { op: "and", all } : undefined;
}

const statuses = { "": "Any", true: "Active", false: "Inactive" };
const columns = ["User name", "Display name", "E-mail", "Managed by", "Changed", "Status"] as const;

const UserRow = ({ url, user }: { readonly url: string; readonly user: User }): VNode => (
  <tr>
    <th scope="row">
      <a href={`${url}/${user.id}`}>{user.userName}</a>
    </th>
    <td data-label="Display name">{user.displayName ?? ""}</td>
    <td data-label="E-mail">{toMainEmail(user) ?? ""}</td>
    <td data-label="Managed by">{toManager(user)}</td>
    <td data-label="Changed">
      <Time at={user.updatedAt} absent="" />
    </td>
    <td data-label="Status">
      <UserStatus user={user} />
    </td>
  </tr>
);

/** Returns the primary e-mail address, or else the first one. */
const toMainEmail = ({ emails = [] }: User): string | undefined =>
  (emails.find(({ primary }) => primary === true) ?? emails[0])?.value;

/** Returns who manages a user or group. */
export const toManager = ({ managedBy }: Pick<User, "managedBy">): string =>
  managedBy === "scim" ? "Identity provider" : "Administrators";

/** Whether a user is active. */
export const UserStatus = ({ user: { active } }: { readonly user: Pick<User, "active"> }): VNode => (
  <span class={`status ${active ? "active" : "disabled"}`}>{active ? "active" : "inactive"}</span>
);
