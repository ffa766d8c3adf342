import type { Exchange } from "../../../schemas/auth-exchange.ts";
import type { Change } from "../../store/collection.ts";
import { exchanges, tokens } from "../../store/collections.ts";
import type { Caller } from "../caller.ts";
import { nextVersion } from "../entity.ts";
import { removeWithin, revokeWithin } from "./token-changes.ts";

/** Families of one user that are good at the same time. */
const liveMax = 20;
/** Of those that are over, so many stay listed. */
const endedMax = 20;

/** Ends a family that was read in the same transaction: its access token and every refresh token. */
export async function closeWithin(change: Change, caller: Caller, family: Exchange): Promise<void> {
  const tenant = change.for(family.organizationId);
  const closed = { ...family, ...nextVersion(family), closedAt: new Date().toISOString() };
  await tenant.open(exchanges).replace(closed, family.version);
  const token = await tenant.open(tokens).get(family.tokenId);
  if (token && token.revokedAt === undefined) await revokeWithin(change, caller, token);
}

/** Makes room for one more family of a user: the oldest live ones end, and the oldest that have ended are forgotten. */
export async function makeRoomWithin(change: Change, caller: Caller, userId: string): Promise<void> {
  const now = new Date().toISOString();
  const tenant = change.for(caller.organizationId);
  const where = { op: "eq", path: "userId", value: userId } as const;
  const { items } = await tenant.open(exchanges).list({ where, limit: 10 * (liveMax + endedMax) });
  const isLive = ({ closedAt, refreshExpiresAt }: Exchange): boolean =>
    closedAt === undefined && refreshExpiresAt > now;
  for (const family of items.filter(isLive).slice(0, 1 - liveMax)) await closeWithin(change, caller, family);
  for (const family of items.filter((each) => !isLive(each)).slice(0, -endedMax)) {
    await tenant.open(exchanges).remove(family.id, family.version);
    const token = await tenant.open(tokens).get(family.tokenId);
    if (token) await removeWithin(change, caller, token);
  }
}
