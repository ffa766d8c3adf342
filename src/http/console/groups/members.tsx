import type { VNode } from "preact";
import type { Member } from "../../../domain/directory/members.ts";
import { CardTable } from "../facts.tsx";
import { CsrfField, SelectField, TextField } from "../fields.tsx";
import type { FormErrors } from "../form.ts";
import type { Visit } from "../visit.ts";

/** A member to add, as it was entered. */
export interface MemberForm {
  readonly type: string;
  readonly member: string;
}

interface MembersProps {
  readonly base: string;
  /** The address of the group. */
  readonly url: string;
  readonly visit: Visit;
}

/** The direct members of a page. @param canChange whether each has a button that removes it */
export function MemberTable({
  base,
  url,
  visit,
  members,
  canChange,
}: MembersProps & { readonly members: readonly Member[]; readonly canChange: boolean }): VNode {
  if (members.length === 0) return <p class="empty">No members.</p>;
  return (
    <CardTable caption="Direct members" columns={["Name", "Type", ...(canChange ? ["Change"] : [])]}>
      {members.map(({ id, type, name }) => (
        <tr key={id}>
          <th scope="row">
            <a href={`${base}/${type}s/${id}`}>{name}</a>
          </th>
          <td data-label="Type">{type === "group" ? "Nested group" : "User"}</td>
          {canChange && (
            <td data-label="Change">
              <form method="post" action={`${url}/members/${id}/remove`}>
                <CsrfField visit={visit} />
                <button type="submit" class="quiet" aria-label={`Remove ${name}`}>
                  Remove
                </button>
              </form>
            </td>
          )}
        </tr>
      ))}
    </CardTable>
  );
}

/** The form that adds a member. */
export const AddMemberForm = ({
  url,
  visit,
  form,
  errors,
}: Omit<MembersProps, "base"> & { readonly form: MemberForm; readonly errors: FormErrors | undefined }): VNode => (
  <form method="post" action={`${url}/members`} class="filters add" aria-label="Add a member">
    <CsrfField visit={visit} />
    <SelectField name="type" label="Type" value={form.type} options={{ user: "User", group: "Group" }} />
    <TextField
      name="member"
      label="Member to add"
      value={form.member}
      required
      hint="User name, e-mail address, name of a group, or id."
      errors={errors}
    />
    <button type="submit">Add</button>
  </form>
);
