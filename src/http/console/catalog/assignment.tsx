import type { VNode } from "preact";
import type { Assignment } from "../../../../schemas/assignment.ts";
import type { SubjectNames } from "../../../domain/directory/named-subjects.ts";
import { CheckBox, LinesField } from "../fields.tsx";
import { readValueLines, toValueLine } from "../value-lines.ts";
import { type FormValues, toCheck } from "./form-values.ts";
import type { FormFieldsProps } from "./section.ts";

/** The fields of an assignment in every form. */
export const assignmentFields = ["everyone", "groups", "users"] as const;

export const assignmentLabels: Readonly<Record<string, string>> = {
  everyone: "Everyone",
  groups: "Groups",
  users: "Users",
};

/** Returns the fields of an assignment, with the names of users and groups. One that does not exist any more is its id. */
export const toAssignmentValues = ({ everyone, groups, users }: Assignment, names: SubjectNames): FormValues => ({
  everyone: toCheck(everyone),
  groups: groups.map((id) => toValueLine(names.get(id) ?? id)).join("\n"),
  users: users.map((id) => toValueLine(names.get(id) ?? id)).join("\n"),
});

/** Returns the assignment of a form, in which users and groups are still named. */
export const toAssignment = ({ everyone, groups, users }: FormValues): Assignment => ({
  everyone: everyone === "true",
  groups: [...readValueLines(groups, "groups")],
  users: [...readValueLines(users, "users")],
});

/** Who can use a resource, or whom a policy applies to. */
export function AssignmentFieldset({ values, errors, legend }: FormFieldsProps & { readonly legend: string }): VNode {
  return (
    <fieldset>
      <legend>{legend}</legend>
      <CheckBox name="everyone" label="Everyone in the organization" checked={values["everyone"] === "true"} />
      <LinesField
        name="groups"
        label="Groups"
        value={values["groups"] ?? ""}
        hint="Names or ids, one per line. Members of nested groups are included."
        errors={errors}
      />
      <LinesField
        name="users"
        label="Users"
        value={values["users"] ?? ""}
        hint="User names or ids, one per line."
        errors={errors}
      />
    </fieldset>
  );
}

/** The users and groups of an assignment with links. */
export function AssignmentView({
  base,
  assignment: { everyone, groups, users },
  names,
}: {
  readonly base: string;
  readonly assignment: Assignment;
  readonly names: SubjectNames;
}): VNode {
  if (!everyone && groups.length + users.length === 0) return <span class="muted">No one</span>;
  return (
    <ul class="chips">
      {everyone && <li>Everyone</li>}
      {groups.map((id) => (
        <Subject key={id} url={`${base}/groups/${id}`} name={names.get(id)} id={id} kind="group" />
      ))}
      {users.map((id) => (
        <Subject key={id} url={`${base}/users/${id}`} name={names.get(id)} id={id} kind="user" />
      ))}
    </ul>
  );
}

const Subject = ({
  url,
  name,
  id,
  kind,
}: {
  readonly url: string;
  readonly name: string | undefined;
  readonly id: string;
  readonly kind: string;
}): VNode => (
  <li>
    {name === undefined ? <code>{id}</code> : <a href={url}>{name}</a>}
    <span class="muted"> ({name === undefined ? `removed ${kind}` : kind})</span>
  </li>
);

/** A short form of an assignment for lists. */
export function summarizeAssignment({ everyone, groups, users }: Assignment): string {
  const parts = [
    ...(everyone ? ["Everyone"] : []),
    ...(groups.length > 0 ? [`${groups.length} ${groups.length === 1 ? "group" : "groups"}`] : []),
    ...(users.length > 0 ? [`${users.length} ${users.length === 1 ? "user" : "users"}`] : []),
  ];
  return parts.length === 0 ? "No one" : parts.join(", ");
}
