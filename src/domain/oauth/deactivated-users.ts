import type { User } from "../../../schemas/user.ts";
import { type PersonalTokenEnd, type UpstreamCredential, upstreamCredentials, users } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import { toEndTime } from "../tokens/generation.ts";
import { disconnectWithin } from "./disconnect.ts";

/** Connections per transaction. */
const batchMax = 50;

/**
 * Ends the OAuth connections of a deactivated user. The connections of a removed user are removed with their tokens
 * (`CascadeDeletes`).
 * @param deadline in milliseconds since 1970
 * @returns whether all of it was finished before the deadline
 */
export async function disconnectDeactivatedUser(
  store: Store,
  { targetOrganizationId: organizationId, userId, requestedBy }: PersonalTokenEnd,
  deadline: number,
): Promise<boolean> {
  const where = { op: "eq", path: "userId", value: userId } as const;
  for (;;) {
    const tenant = store.for(organizationId);
    const user = await tenant.open(users).get(userId);
    if (!user) return true;
    const { items } = await tenant.open(upstreamCredentials).list({ where, limit: batchMax });
    const outdated = items.filter((each) => isFromBefore(user, each));
    if (outdated.length === 0) return true;
    await store.transaction(
      async (transaction) => {
        for (const { id } of outdated) {
          const current = await transaction.for(organizationId).open(upstreamCredentials).get(id);
          if (!current || !isFromBefore(user, current)) continue;
          await disconnectWithin(transaction, current, {
            ...{ reason: "The user was deactivated.", actor: requestedBy, isRevoked: true },
          });
        }
      },
      { lockKey: userId },
    );
    if (Date.now() >= deadline) return false;
  }
}

/** A user who was activated again may have connected again. */
const isFromBefore = (user: User, { createdAt }: UpstreamCredential): boolean =>
  !user.active || createdAt <= toEndTime(user);
