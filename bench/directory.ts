import { type Environment, readConfig } from "../src/config.ts";
import { newEntity } from "../src/domain/entity.ts";
import { bootstrapStore } from "../src/domain/organizations.ts";
import { createDomain } from "../src/operator-domain.ts";
import { groups, users } from "../src/store/collections.ts";
import { normalize } from "../src/store/normalize.ts";
import { toNormalizedFields } from "../src/store/normalized-fields.ts";
import { openStore } from "../src/store/open.ts";
import type { Store } from "../src/store/store.ts";

/** A directory in a store, with the ids and the secret that requests need. */
export interface Directory {
  readonly secret: string;
  readonly userIds: readonly string[];
  /** Users in no group. */
  readonly ungroupedUserIds: readonly string[];
  /** Group `n` has ten members, starting with `userIds[n]`. */
  readonly smallGroupIds: readonly string[];
  /** A group with all of `userIds`. */
  readonly everyoneId: string;
  /** A group like `everyoneId`, to be deleted. */
  readonly groupToDeleteId: string;
  /** A user in two thousand groups. */
  readonly manyGroupsUserId: string;
  /** A user in one group that is nested five levels deep. */
  readonly nestedUserId: string;
}

const ungroupedUserCount = 20_000;
const smallGroupCount = 700;
/** Number of groups of `manyGroupsUserId`. */
export const manyGroupsCount = 2000;
const nestingDepth = 5;
const batchSize = 500;
/** Concurrent transactions; MongoDB runs them in parallel. */
const concurrency = 4;

/**
 * Fills an empty store with a directory. It writes through the store, not over HTTP, before the service starts.
 * @param environment the settings that select the store
 * @param size the number of users with groups
 * @throws Error if the store is not empty
 */
export async function seedDirectory(environment: Environment, size: number): Promise<Directory> {
  const config = readConfig(environment);
  const store = await openStore(config);
  try {
    const { tokens, organizations } = createDomain(store, config);
    const first = await bootstrapStore(store, tokens);
    const organization = await organizations.findBySlug("default");
    if (first?.secret === undefined || !organization) throw new Error("the store is not empty");
    const { id } = organization;
    const allUserIds = await addUsers(store, id, size + ungroupedUserCount);
    const userIds = allUserIds.slice(0, size);
    const [manyGroupsUserId = "", nestedUserId = "", ...ungroupedUserIds] = allUserIds.slice(size);
    const smallGroupIds = await runConcurrently(
      Array.from(
        { length: smallGroupCount },
        (_, at) => () => addGroup(store, id, `Team ${at}`, userIds.slice(at, at + 10)),
      ),
    );
    await runConcurrently(
      Array.from({ length: manyGroupsCount }, (_, at) => () => addGroup(store, id, `Joined ${at}`, [manyGroupsUserId])),
    );
    let inner = nestedUserId;
    for (let at = 0; at < nestingDepth; at++) inner = await addGroup(store, id, `Level ${at}`, [inner]);
    return {
      secret: first.secret,
      userIds,
      ungroupedUserIds,
      smallGroupIds,
      everyoneId: await addGroup(store, id, "Everyone", userIds),
      groupToDeleteId: await addGroup(store, id, "To delete", userIds),
      manyGroupsUserId,
      nestedUserId,
    };
  } finally {
    await store.close();
  }
}

/** Returns the attributes of a user as an identity provider sends them, without the enterprise extension. */
export function buildUserAttributes(at: number | string) {
  const userName = `Person.${at}@Example.com`;
  return {
    userName,
    externalId: `00u${at}`,
    name: { givenName: "Person", familyName: `Number ${at}`, formatted: `Person Number ${at}` },
    displayName: `Person Number ${at}`,
    emails: [{ value: userName, type: "work", primary: true }],
    phoneNumbers: [{ value: "+44 20 7946 0000", type: "work" }],
    title: "Engineer",
    locale: "en-GB",
    active: true,
  };
}

/** Attributes of the enterprise extension. */
export const enterpriseFields = { employeeNumber: "701984", costCenter: "4130", department: "Platform" };

async function addUsers(store: Store, organizationId: string, count: number): Promise<string[]> {
  const recordFactories = Array.from({ length: count }, (_, at) => {
    const attributes = { ...buildUserAttributes(at), enterpriseUser: enterpriseFields };
    return () => ({ ...newEntity("usr", organizationId), ...attributes, normalized: toNormalizedFields(attributes) });
  });
  const batches = toChunks(recordFactories);
  const ids = await runConcurrently(
    batches.map((chunk) => () => {
      const records = chunk.map((createRecord) => createRecord());
      return store
        .transaction(async (tx) => {
          const collection = tx.for(organizationId).open(users);
          for (const record of records) await collection.insert(record);
        })
        .then(() => records.map(({ id }) => id));
    }),
  );
  // Ids of the same millisecond are not in the order of creation.
  return ids.flat().sort();
}

async function addGroup(store: Store, organizationId: string, displayName: string, memberIds: readonly string[]) {
  const group = {
    ...newEntity("grp", organizationId),
    displayName,
    normalized: { displayName: normalize(displayName) },
  };
  await store.transaction((tx) => tx.for(organizationId).open(groups).insert(group));
  await runConcurrently(
    toChunks(memberIds).map(
      (chunk) => () => store.transaction((tx) => tx.for(organizationId).memberships.add(group.id, chunk)),
    ),
  );
  return group.id;
}

function toChunks<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / batchSize) }, (_, at) =>
    all.slice(at * batchSize, (at + 1) * batchSize),
  );
}

/** Runs tasks with limited concurrency. @returns the results in the order of the tasks */
async function runConcurrently<T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < tasks.length; at = next++) {
      const task = tasks[at];
      if (task) results[at] = await task();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return results;
}
