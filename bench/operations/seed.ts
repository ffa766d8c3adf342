import type { Token } from "../../schemas/token.ts";
import { type Environment, readConfig } from "../../src/config.ts";
import { insertAuditEvent, operatorActor, toAuditEvent } from "../../src/domain/audit/record.ts";
import { newEntity } from "../../src/domain/entity.ts";
import { bootstrapStore } from "../../src/domain/organizations.ts";
import { hashSecret, mintSecret, visiblePrefix } from "../../src/domain/tokens/issue/format.ts";
import { insertToken } from "../../src/domain/tokens/issue/token-changes.ts";
import { createDomain } from "../../src/operator-domain.ts";
import { groups, users } from "../../src/store/collections.ts";
import { normalize } from "../../src/store/normalize.ts";
import { toNormalizedFields } from "../../src/store/normalized-fields.ts";
import { openStore } from "../../src/store/open.ts";
import type { Transaction } from "../../src/store/store.ts";
import { buildUserAttributes, enterpriseFields } from "../directory.ts";

/** How many records a store gets. */
export interface StoreSize {
  readonly users: number;
  readonly groups: number;
  readonly memberships: number;
  readonly tokens: number;
}

/** Secrets of the tokens of a seeded store. */
export interface SeededTokens {
  readonly valid: readonly string[];
  readonly revoked: readonly string[];
}

const batchSize = 500;
/** One of so many tokens is revoked. */
const revokedEvery = 10;

/**
 * Fills an empty store, through the store and not over HTTP, as the service would have: each record has its audit event.
 * Groups have the same number of members, and members are spread over all users.
 * @param environment the settings that select the store
 * @throws Error if the store is not empty
 */
export async function seedStore(environment: Environment, size: StoreSize): Promise<SeededTokens> {
  const config = readConfig(environment);
  const store = await openStore(config);
  try {
    const { tokens, organizations } = createDomain(store, config);
    await bootstrapStore(store, tokens);
    const organization = await organizations.findBySlug("default");
    if (!organization || (await store.for(organization.id).open(users).count()) > 0)
      throw new Error("the store is not empty");
    const { id } = organization;
    const inBatches = async (
      count: number,
      perBatch: number,
      write: (tx: Transaction, at: number) => Promise<unknown>,
    ) => {
      for (let from = 0; from < count; from += perBatch) {
        await store.transaction(async (tx) => {
          for (let at = from; at < Math.min(from + perBatch, count); at++) await write(tx, at);
        });
      }
    };
    const recordCreation = (tx: Transaction, type: "user" | "group", targetId: string, after: object) =>
      insertAuditEvent(
        tx,
        toAuditEvent(id, operatorActor, "success", {
          action: `${type}.create`,
          target: { type, id: targetId },
          after: { ...after },
        }),
      );
    const userIds: string[] = [];
    await inBatches(size.users, batchSize, async (tx, at) => {
      const attributes = { ...buildUserAttributes(at), enterpriseUser: enterpriseFields };
      const user = { ...newEntity("usr", id), ...attributes, normalized: toNormalizedFields(attributes) };
      await tx.for(id).open(users).insert(user);
      await recordCreation(tx, "user", user.id, attributes);
      userIds.push(user.id);
    });
    const members = Math.min(Math.floor(size.memberships / size.groups), size.users);
    await inBatches(size.groups, Math.ceil(5000 / members), async (tx, at) => {
      const displayName = `Group ${at}`;
      const group = { ...newEntity("grp", id), displayName, normalized: { displayName: normalize(displayName) } };
      await tx.for(id).open(groups).insert(group);
      await recordCreation(tx, "group", group.id, { displayName });
      const first = (at * members) % size.users;
      const memberIds = Array.from({ length: members }, (_, more) => userIds[(first + more) % size.users] ?? "");
      await tx.for(id).memberships.add(group.id, memberIds);
    });
    const secrets = Array.from({ length: size.tokens }, () => mintSecret(config.tokenPrefix));
    await inBatches(size.tokens, batchSize, async (tx, at) => {
      const secret = secrets[at] ?? "";
      const token: Token = {
        ...newEntity("tok", id),
        ...{ name: `Token ${at}`, type: "scim", origin: "issued", scopes: ["admin:scim"], enabled: true },
        ...{ createdBy: operatorActor.actor, requestCount: 0, failedCount: 0 },
        ...(at % revokedEvery === 0 && { revokedAt: new Date().toISOString() }),
        prefix: visiblePrefix(secret),
        secrets: [{ hash: hashSecret(secret, config.tokenPepper) }],
      };
      await insertToken(tx, operatorActor, token, "token.create");
    });
    return {
      valid: secrets.filter((_, at) => at % revokedEvery !== 0),
      revoked: secrets.filter((_, at) => at % revokedEvery === 0),
    };
  } finally {
    await store.close();
  }
}
