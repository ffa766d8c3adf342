import type { Services } from "../../api/kernel/services.ts";
import type { RenderedToken } from "../../api/resources/token-response.ts";

/** Returns the user names of personal tokens by user id, with one query for all of them. */
export async function readUserNames(
  { users }: Pick<Services, "users">,
  organizationId: string,
  tokens: readonly Pick<RenderedToken, "userId">[],
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(tokens.flatMap(({ userId }) => userId ?? []))];
  if (ids.length === 0) return new Map();
  const { items } = await users.list(organizationId, {
    where: { op: "in", path: "id", values: ids },
    limit: ids.length,
  });
  return new Map(items.map(({ id, userName }) => [id, userName]));
}
