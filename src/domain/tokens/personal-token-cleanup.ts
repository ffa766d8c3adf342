import type { User } from "../../../schemas/user.ts";
import { type PersonalTokenEnd, personalTokenEnds, serviceTenant, tokens, users } from "../../store/collections.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Condition } from "../../store/query.ts";
import type { Store, Tenant, Transaction } from "../../store/store.ts";
import type { AuditActor } from "../audit/record.ts";
import { settledAfterMs } from "../cleanup/cascade-deletes.ts";
import { lowestId, newEntity } from "../entity.ts";
import type { Flushable } from "../periodic-flush.ts";
import { outdatedTokensOf, toEndTime } from "./generation.ts";
import { revokeToken } from "./issue/token-changes.ts";

/** Tokens per transaction: few enough not to delay other writers. */
const batchMax = 50;
/** Users per page of pending work. */
const pendingMax = 100;
/** The time limit of one run, in milliseconds. A later flush continues. */
const runMsMax = 1000;
/** The most users whose outdated tokens one status filter distinguishes. */
const filteredUsersMax = 40;

/**
 * Enqueues the cleanup of the personal tokens of a user, in the transaction that deactivates or removes the user.
 * @param auditActor who deactivated or removed the user; the audit events of the tokens name it
 */
export async function enqueuePersonalTokenCleanup(
  transaction: Transaction,
  organizationId: string,
  userId: string,
  { actor, requestId, ip }: AuditActor,
): Promise<PersonalTokenEnd> {
  const end: PersonalTokenEnd = {
    ...newEntity("pte", serviceTenant),
    targetOrganizationId: organizationId,
    userId,
    requestedBy: { actor, ...(requestId !== undefined && { requestId }), ...(ip !== undefined && { ip }) },
  };
  await transaction.for(serviceTenant).open(personalTokenEnds).insert(end);
  return end;
}

/**
 * Brings the records of personal tokens in line with their users: tokens of earlier generations are marked as revoked,
 * and those of removed users are removed. The verification of tokens does not depend on it. Works in small transactions:
 * immediately, and again once no concurrent transaction can have added a token.
 */
export class PersonalTokenCleanup implements Flushable {
  readonly #store: Store;
  readonly #endMore: EndMore;

  /** @param endMore ends what else belongs to a deactivated user */
  constructor(store: Store, endMore: EndMore = async () => true) {
    this.#store = store;
    this.#endMore = endMore;
  }

  /** Cleans up after a committed change of a user. Never fails: errors leave the rest to a later flush. */
  async run(end: PersonalTokenEnd | undefined): Promise<void> {
    if (end) await this.#cleanUp(end, Date.now() + runMsMax).catch(() => undefined);
  }

  /**
   * Cleans up what earlier runs left, and dequeues the work that has settled.
   * @param now the time from which the age of the work is measured
   * @throws AppError unavailable
   */
  async flush(now = new Date()): Promise<void> {
    const deadline = Date.now() + runMsMax;
    const settledId = lowestId("pte", new Date(now.getTime() - settledAfterMs));
    for await (const page of pages(this.#store.for(serviceTenant).open(personalTokenEnds), { limit: pendingMax })) {
      for (const end of page) {
        if (!(await this.#cleanUp(end, deadline))) return;
        if (end.id >= settledId) continue;
        await this.#store.transaction(async (tx) => {
          await tx.for(serviceTenant).open(personalTokenEnds).remove(end.id, "any");
        });
      }
    }
  }

  /** @returns whether all of it was finished before the deadline */
  async #cleanUp(end: PersonalTokenEnd, deadline: number): Promise<boolean> {
    const { targetOrganizationId: organizationId, userId } = end;
    for (;;) {
      if (!(await this.#endMore(end, deadline))) return false;
      const tenant = this.#store.for(organizationId);
      const where = toCleanupCondition(userId, await tenant.open(users).get(userId));
      if ((await tenant.open(tokens).list({ where, limit: 1 })).items.length === 0) return true;
      await this.#store.transaction((tx) => cleanUpBatch(tx, end), { lockKey: userId });
      if (Date.now() >= deadline) return false;
    }
  }
}

/**
 * @param deadline in milliseconds since 1970
 * @returns whether all of it was finished before the deadline
 */
type EndMore = (end: PersonalTokenEnd, deadline: number) => Promise<boolean>;

async function cleanUpBatch(tx: Transaction, end: PersonalTokenEnd): Promise<void> {
  const { targetOrganizationId: organizationId, userId, requestedBy } = end;
  const tenant = tx.for(organizationId);
  const user = await tenant.open(users).get(userId);
  const { items } = await tenant.open(tokens).list({ where: toCleanupCondition(userId, user), limit: batchMax });
  for (const token of items) {
    if (user) await revokeToken(tx, requestedBy, token, toEndTime(user));
    else await tenant.open(tokens).remove(token.id, token.version);
  }
}

/** @param user undefined if the user was removed */
function toCleanupCondition(userId: string, user: User | undefined): Condition {
  if (!user) return { op: "eq", path: "userId", value: userId };
  return { op: "and", all: [outdatedTokensOf(user), isNotRevoked] };
}

const isNotRevoked: Condition = { op: "not", condition: { op: "present", path: "revokedAt" } };

/**
 * Returns the condition for tokens whose records do not show yet that they are revoked.
 * @returns undefined if there are none
 */
export async function findOutdatedCondition(store: Store, organizationId: string): Promise<Condition | undefined> {
  const { items } = await store
    .for(serviceTenant)
    .open(personalTokenEnds)
    .list({ where: { op: "eq", path: "targetOrganizationId", value: organizationId }, limit: filteredUsersMax });
  if (items.length === 0) return undefined;
  const ids = [...new Set(items.map(({ userId }) => userId))];
  const found = await readUsers(store.for(organizationId), ids);
  return found.length === 0 ? undefined : { op: "or", all: found.map(outdatedTokensOf) };
}

const readUsers = async (tenant: Tenant<"read">, ids: readonly string[]): Promise<readonly User[]> =>
  (await tenant.open(users).list({ where: { op: "in", path: "id", values: ids }, limit: ids.length })).items;
