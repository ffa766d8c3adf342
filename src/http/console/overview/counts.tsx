import type { ComponentChildren, VNode } from "preact";
import type { Caller } from "../../../domain/caller.ts";
import type { UserCount, UserCounts } from "../../../domain/directory/user-counts.ts";
import type { TokenStatus } from "../../../domain/tokens/status.ts";
import { hasErrorCode } from "../../../errors.ts";
import type { Services } from "../../api/kernel/services.ts";
import { formatCount } from "./hour-plot.tsx";

/** A number, or undefined if the database cannot count it within its time limit. */
type Count = number | undefined;

/** What counts. */
export interface CountSources extends Pick<Services, "groups" | "tokens"> {
  readonly userCounts: UserCounts;
}

/** How many users, groups and tokens the organization has. A part is absent if the session may not see it. */
export interface OverviewCounts {
  readonly directory?: { readonly users: UserCount | undefined; readonly groups: Count };
  readonly tokens?: Readonly<Record<TokenStatus, Count>>;
}

const tokenStatuses = ["active", "disabled", "expired", "revoked"] as const;

/** Counts what the caller may see. @throws AppError unavailable */
export async function readOverviewCounts(
  { userCounts, groups, tokens }: CountSources,
  { organizationId, scopes }: Pick<Caller, "organizationId" | "scopes">,
): Promise<OverviewCounts> {
  const [directory, byStatus] = await Promise.all([
    scopes.has("admin:read")
      ? Promise.all([countIfCheap(userCounts.read(organizationId)), countIfCheap(groups.count(organizationId))])
      : undefined,
    scopes.has("admin:tokens")
      ? Promise.all(
          tokenStatuses.map((status) => countIfCheap(tokens.count(organizationId, { status, origin: "issued" }))),
        )
      : undefined,
  ]);
  return {
    ...(directory && { directory: { users: directory[0], groups: directory[1] } }),
    ...(byStatus && {
      tokens: { active: byStatus[0], disabled: byStatus[1], expired: byStatus[2], revoked: byStatus[3] },
    }),
  };
}

const countIfCheap = <T,>(counting: Promise<T>): Promise<T | undefined> =>
  counting.catch((error: unknown) => {
    if (hasErrorCode(error, "query-too-expensive")) return undefined;
    throw error;
  });

/** The counts, with links to the lists. */
export function Counts({
  base,
  counts: { directory, tokens },
}: {
  readonly base: string;
  readonly counts: OverviewCounts;
}): VNode | null {
  if (!directory && !tokens) return null;
  return (
    <dl class="tiles">
      {directory && (
        <>
          <Tile name="Users" url={`${base}/users`} count={directory.users?.all}>
            {directory.users && toActiveText(directory.users)}
          </Tile>
          <Tile name="Groups" url={`${base}/groups`} count={directory.groups} />
        </>
      )}
      {tokens && (
        <Tile name="Active tokens" url={`${base}/tokens?status=active`} count={tokens.active}>
          {tokenStatuses.slice(1).map((status, index) => (
            <span key={status}>
              {index > 0 && ", "}
              <a href={`${base}/tokens?status=${status}`}>
                {toText(tokens[status])} {status}
              </a>
            </span>
          ))}
        </Tile>
      )}
    </dl>
  );
}

const Tile = ({
  name,
  url,
  count,
  children,
}: {
  readonly name: string;
  readonly url: string;
  readonly count: Count;
  readonly children?: ComponentChildren;
}): VNode => (
  <div class="tile">
    <dt>
      <a href={url}>{name}</a>
    </dt>
    <dd>
      <strong>{toText(count)}</strong>
      {children !== undefined && <span class="sub">{children}</span>}
    </dd>
  </div>
);

const toText = (count: Count): string => (count === undefined ? "too many to count" : formatCount(count));

const toActiveText = ({ all, inactive }: UserCount): string =>
  `${formatCount(all - inactive)} active, ${formatCount(inactive)} inactive`;
