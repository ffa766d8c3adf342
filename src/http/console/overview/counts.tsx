import type { ComponentChildren, VNode } from "preact";
import type { Caller } from "../../../domain/caller.ts";
import { CountCache } from "../../../domain/count-cache.ts";
import { countUsers, type UserCount } from "../../../domain/directory/user-counts.ts";
import { countTokens, type TokenCounts } from "../../../domain/tokens/token-counts.ts";
import { hasErrorCode } from "../../../errors.ts";
import type { Services } from "../../api/kernel/services.ts";
import { formatCount } from "./hour-plot.tsx";

/** What counts the records of organizations. */
export interface OverviewCounters {
  readonly users: CountCache<UserCount>;
  readonly groups: Services["groups"];
  readonly tokens: CountCache<TokenCounts>;
}

export const createOverviewCounters = ({
  users,
  groups,
  tokens,
}: Pick<Services, "users" | "groups" | "tokens">): OverviewCounters => ({
  users: new CountCache((organizationId) => countUsers(users, organizationId)),
  groups,
  tokens: new CountCache((organizationId) => countTokens(tokens, organizationId)),
});

/**
 * How many users, groups and tokens the organization has. Absent: the session may not see it. Null: the database cannot
 * count it within its time limit.
 */
export interface OverviewCounts {
  readonly users?: UserCount | null;
  readonly groups?: number;
  readonly tokens?: TokenCounts | null;
}

/** Counts what the caller may see. @throws AppError unavailable */
export async function readOverviewCounts(
  counters: OverviewCounters,
  { organizationId, scopes }: Pick<Caller, "organizationId" | "scopes">,
): Promise<OverviewCounts> {
  const [directory, tokens] = await Promise.all([
    scopes.has("admin:read")
      ? Promise.all([countIfCheap(counters.users.read(organizationId)), counters.groups.count(organizationId)])
      : undefined,
    scopes.has("admin:tokens") ? countIfCheap(counters.tokens.read(organizationId)) : undefined,
  ]);
  return {
    ...(directory && { users: directory[0], groups: directory[1] }),
    ...(tokens !== undefined && { tokens }),
  };
}

const countIfCheap = <T,>(counting: Promise<T>): Promise<T | null> =>
  counting.catch((error: unknown) => {
    if (hasErrorCode(error, "query-too-expensive")) return null;
    throw error;
  });

const otherStatuses = ["disabled", "expired", "revoked"] as const;

/** The counts, with links to the lists. */
export function Counts({
  base,
  counts: { users, groups, tokens },
}: {
  readonly base: string;
  readonly counts: OverviewCounts;
}): VNode | null {
  if (users === undefined && tokens === undefined) return null;
  return (
    <dl class="tiles">
      {users !== undefined && (
        <Tile name="Users" url={`${base}/users`} count={users?.all}>
          {users && `${formatCount(users.all - users.inactive)} active, ${formatCount(users.inactive)} inactive`}
        </Tile>
      )}
      {groups !== undefined && <Tile name="Groups" url={`${base}/groups`} count={groups} />}
      {tokens !== undefined && (
        <Tile name="Active tokens" url={`${base}/tokens?status=active`} count={tokens?.active}>
          {tokens &&
            otherStatuses.map((status, index) => (
              <span key={status}>
                {index > 0 && ", "}
                <a href={`${base}/tokens?status=${status}`}>
                  {formatCount(tokens[status])} {status}
                </a>
              </span>
            ))}
        </Tile>
      )}
    </dl>
  );
}

/** One number. @param count undefined if it could not be counted */
const Tile = ({
  name,
  url,
  count,
  children,
}: {
  readonly name: string;
  readonly url: string;
  readonly count: number | undefined;
  readonly children?: ComponentChildren;
}): VNode => (
  <div class="tile">
    <dt>
      <a href={url}>{name}</a>
    </dt>
    <dd>
      <strong>{count === undefined ? "Too many to count" : formatCount(count)}</strong>
      {children && <span class="sub">{children}</span>}
    </dd>
  </div>
);
