import type { Assignment } from "../../../schemas/assignment.ts";
import type { Group, User } from "../../../schemas/user.ts";
import { type Field, fieldIn, groupFields, readField, userFields } from "../../store/fields.ts";
import { normalize } from "../../store/normalize.ts";
import type { Page, Query } from "../../store/query.ts";
import { type IdOrName, parseIdOrName } from "./id-or-name.ts";

/** Lists users or groups of an organization. */
interface Lister<T> {
  list(organizationId: string, query: Query): Promise<Page<T>>;
}

/** Where users and groups are read. */
export interface SubjectReader {
  readonly users: Lister<User>;
  readonly groups: Lister<Group>;
}

/** The names of the users and groups of assignments by id. Those that do not exist any more are missing. */
export type SubjectNames = ReadonlyMap<string, string>;

/** Reads the names of all users and groups of an assignment: two queries at most. */
export async function readSubjectNames(
  { users, groups }: SubjectReader,
  organizationId: string,
  assignment: Pick<Assignment, "users" | "groups">,
): Promise<SubjectNames> {
  const query = (ids: readonly string[]): Query => ({
    where: { op: "in", path: "id", values: ids },
    limit: ids.length,
  });
  const [foundUsers, foundGroups] = await Promise.all([
    assignment.users.length > 0 ? users.list(organizationId, query(assignment.users)) : noItems,
    assignment.groups.length > 0 ? groups.list(organizationId, query(assignment.groups)) : noItems,
  ]);
  return new Map([
    ...foundUsers.items.map(({ id, userName }) => [id, userName] as const),
    ...foundGroups.items.map(({ id, displayName }) => [id, displayName] as const),
  ]);
}

const noItems = { items: [] };

/**
 * Replaces the user names of users and the display names of groups by their ids, with one query for each kind. Both are
 * compared case-insensitively. A name that does not exist stays, so that the validation of the assignment reports it.
 */
export async function resolveSubjectNames(
  { users, groups }: SubjectReader,
  organizationId: string,
  assignment: Pick<Assignment, "users" | "groups">,
): Promise<Pick<Assignment, "users" | "groups">> {
  return {
    users: await resolveNames(users, organizationId, assignment.users, "usr", userFields.userName),
    groups: await resolveNames(groups, organizationId, assignment.groups, "grp", groupFields.displayName),
  };
}

async function resolveNames<T extends User | Group>(
  lister: Lister<T>,
  organizationId: string,
  idsOrNames: readonly string[],
  prefix: "usr" | "grp",
  field: Field,
): Promise<string[]> {
  const parsed = idsOrNames.map((each): IdOrName => parseIdOrName(each, prefix));
  const names = parsed.flatMap((each) => (typeof each === "string" ? [] : [each.name]));
  if (names.length === 0) return [...idsOrNames];
  // More than an assignment can have are rejected by its schema.
  const queried = names.slice(0, namesMax);
  const { items } = await lister.list(organizationId, { where: fieldIn(field, queried), limit: queried.length });
  const idsByName = new Map(items.map((item) => [readField(item, field.path), item.id]));
  return parsed.map((each) => (typeof each === "string" ? each : (idsByName.get(normalize(each.name)) ?? each.name)));
}

const namesMax = 200;
