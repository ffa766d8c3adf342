import type { Users } from "./users.ts";

/** The number of users of an organization. */
export interface UserCount {
  readonly all: number;
  readonly inactive: number;
}

/**
 * Counts the users of an organization. The inactive ones are counted in the index that has only them.
 * @throws AppError query-too-expensive; unavailable
 */
export async function countUsers(users: Pick<Users, "count">, organizationId: string): Promise<UserCount> {
  const [all, inactive] = await Promise.all([
    users.count(organizationId),
    users.count(organizationId, { op: "eq", path: "active", value: false }),
  ]);
  return { all, inactive };
}
