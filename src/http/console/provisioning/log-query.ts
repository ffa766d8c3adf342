import { z } from "zod";
import type { RequestLogFilter } from "../../../domain/audit/request-log-reader.ts";
import { parseIdOrName } from "../../../domain/directory/id-or-name.ts";
import type { Services } from "../../api/kernel/services.ts";
import { createQueryParser } from "../../api/kernel/validation.ts";
import { requestLogFilters } from "../../api/resources/request-log.ts";
import { dayFilters, toDayRange } from "../days.ts";
import { withoutEmpty } from "../paging.tsx";

const { requestId, actorId, path, status, rejected, ignoredAttribute } = requestLogFilters;
/** The name or id of a user or a group. */
const directoryName = z.string().max(1024).optional();
const schema = z.object({
  ...{ requestId, actorId, path, status, rejected, ignoredAttribute, ...dayFilters },
  user: directoryName,
  group: directoryName,
  cursor: z.string().max(8192).optional(),
});
/** The filters and the position of the request log, as its URL has them. */
export type RequestLogQuery = z.output<typeof schema>;

const parse = createQueryParser(schema);

/** Reads the query of the request log. @throws AppError invalid-value */
export const readRequestLogQuery = (query: Readonly<Record<string, unknown>>): RequestLogQuery =>
  parse(withoutEmpty(query));

/**
 * Converts the query to the filter of the reader.
 * @returns the names of users and groups that do not exist instead, if there are any
 */
export async function toRequestLogFilter(
  { users, groups }: Pick<Services, "users" | "groups">,
  organizationId: string,
  { cursor: _, user, group, from, to, ...filter }: RequestLogQuery,
): Promise<RequestLogFilter | { readonly unknown: readonly string[] }> {
  const userId = user === undefined ? undefined : await findUserId(users, organizationId, user);
  const groupId = group === undefined ? undefined : await findGroupId(groups, organizationId, group);
  const unknown = [...(userId === null ? [`user ${user}`] : []), ...(groupId === null ? [`group ${group}`] : [])];
  if (unknown.length > 0) return { unknown };
  return { ...filter, ...toDayRange({ from, to }), userId: userId ?? undefined, groupId: groupId ?? undefined };
}

/** An id is not looked up, because requests of deleted users and groups are found too. Null: no user has the name. */
async function findUserId(users: Services["users"], organizationId: string, name: string): Promise<string | null> {
  const idOrName = parseIdOrName(name, "usr");
  if (typeof idOrName === "string") return idOrName;
  return (await users.findByUserNameOrEmail(organizationId, idOrName.name))?.id ?? null;
}

async function findGroupId(groups: Services["groups"], organizationId: string, name: string): Promise<string | null> {
  const idOrName = parseIdOrName(name, "grp");
  if (typeof idOrName === "string") return idOrName;
  return (await groups.get(organizationId, idOrName))?.id ?? null;
}
