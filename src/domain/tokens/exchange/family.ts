import type { RefreshTokenFamily } from "../../../../schemas/auth-exchange.ts";
import { exchanges, tokens } from "../../../store/collections.ts";
import type { Transaction } from "../../../store/store.ts";
import type { AuditActor } from "../../audit/record.ts";
import type { Caller } from "../../caller.ts";
import { nextVersion } from "../../entity.ts";
import { removeToken, revokeToken } from "../issue/token-changes.ts";

/** The most active families of one user. */
const activeFamiliesMax = 20;
/** The most ended families of one user whose records are kept. */
const endedFamiliesMax = 20;

/** Closes a family that was read in the same transaction: its access token and all its refresh tokens become invalid. */
export async function closeFamily(tx: Transaction, auditActor: AuditActor, family: RefreshTokenFamily): Promise<void> {
  const tenant = tx.for(family.organizationId);
  const closed = { ...family, ...nextVersion(family), closedAt: new Date().toISOString() };
  await tenant.open(exchanges).replace(closed, family.version);
  const token = await tenant.open(tokens).get(family.tokenId);
  if (token && token.revokedAt === undefined) await revokeToken(tx, auditActor, token);
}

/** Keeps the number of families of a user below the limit before one is added: closes the oldest active families and removes the oldest ended ones. */
export async function evictFamilies(tx: Transaction, caller: Caller, userId: string): Promise<void> {
  const now = Date.now();
  const tenant = tx.for(caller.organizationId);
  const where = { op: "eq", path: "userId", value: userId } as const;
  const { items } = await tenant.open(exchanges).list({ where, limit: 10 * (activeFamiliesMax + endedFamiliesMax) });
  const isActive = ({ closedAt, refreshExpiresAt }: RefreshTokenFamily): boolean =>
    closedAt === undefined && Date.parse(refreshExpiresAt) > now;
  for (const family of items.filter(isActive).slice(0, 1 - activeFamiliesMax)) await closeFamily(tx, caller, family);
  for (const family of items.filter((each) => !isActive(each)).slice(0, -endedFamiliesMax)) {
    await tenant.open(exchanges).remove(family.id, family.version);
    const token = await tenant.open(tokens).get(family.tokenId);
    if (token) await removeToken(tx, caller, token);
  }
}
