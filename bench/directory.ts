import { createDomain, openStore } from "../src/app.ts";
import { type Environment, readConfig } from "../src/config.ts";
import { newEntity } from "../src/domain/entity.ts";
import { fold } from "../src/domain/fold.ts";
import { firstStart } from "../src/domain/organizations.ts";
import { foldedTwin } from "../src/domain/people/twin.ts";
import type { Store } from "../src/store/collection.ts";
import { groups, users } from "../src/store/collections.ts";

/** A directory in a store, and what one has to know to ask for it. */
export interface Directory {
  readonly secret: string;
  readonly userIds: readonly string[];
  /** Who is in no group. */
  readonly looseUserIds: readonly string[];
  /** Group `n` holds ten users from `userIds[n]` on. */
  readonly tenGroupIds: readonly string[];
  /** Holds all of `userIds`. */
  readonly everyoneId: string;
  /** As `everyoneId`, to be deleted. */
  readonly doomedGroupId: string;
  /** Is in two thousand groups and in nothing else. */
  readonly joinerId: string;
  /** Is in one group, which is in one, and so on, five deep. */
  readonly nestedUserId: string;
}

const looseUsers = 20_000;
const tenGroups = 700;
export const groupsOfJoiner = 2000;
const nesting = 5;
const batch = 500;
/** Transactions at once; MongoDB takes them side by side. */
const lanes = 4;

/**
 * Writes a directory into an empty store, through the store and not over HTTP, before the service is started on it.
 * @param environment which store
 */
export async function seed(environment: Environment, size: number): Promise<Directory> {
  const config = readConfig(environment);
  const store = await openStore(config);
  try {
    const { tokens, organizations } = createDomain(store, config);
    const first = await firstStart(store, tokens);
    const organization = await organizations.bySlug("default");
    if (!first || !organization) throw new Error("the store is not empty");
    const { id } = organization;
    const all = await addUsers(store, id, size + looseUsers);
    const userIds = all.slice(0, size);
    const [joinerId = "", nestedUserId = "", ...looseUserIds] = all.slice(size);
    const tenGroupIds = await inLanes(
      Array.from({ length: tenGroups }, (_, at) => () => addGroup(store, id, `Team ${at}`, userIds.slice(at, at + 10))),
    );
    await inLanes(
      Array.from({ length: groupsOfJoiner }, (_, at) => () => addGroup(store, id, `Joined ${at}`, [joinerId])),
    );
    let inner = nestedUserId;
    for (let at = 0; at < nesting; at++) inner = await addGroup(store, id, `Level ${at}`, [inner]);
    return {
      secret: first.secret,
      userIds,
      looseUserIds,
      tenGroupIds,
      everyoneId: await addGroup(store, id, "Everyone", userIds),
      doomedGroupId: await addGroup(store, id, "Doomed", userIds),
      joinerId,
      nestedUserId,
    };
  } finally {
    await store.close();
  }
}

/** A user as an identity provider describes one, without the enterprise extension. */
export function person(at: number | string) {
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

export const employment = { employeeNumber: "701984", costCenter: "4130", department: "Platform" };

async function addUsers(store: Store, organizationId: string, count: number): Promise<string[]> {
  const made = Array.from({ length: count }, (_, at) => {
    const attributes = { ...person(at), enterpriseUser: employment };
    return () => ({ ...newEntity("usr", organizationId), ...attributes, folded: foldedTwin(attributes) });
  });
  const batches = chunksOf(made);
  const ids = await inLanes(
    batches.map((some) => () => {
      const records = some.map((make) => make());
      return store
        .transaction(async (change) => {
          const open = change.for(organizationId).open(users);
          for (const record of records) await open.insert(record);
        })
        .then(() => records.map(({ id }) => id));
    }),
  );
  // Several in one millisecond are not in the order of their creation.
  return ids.flat().sort();
}

async function addGroup(store: Store, organizationId: string, displayName: string, memberIds: readonly string[]) {
  const group = { ...newEntity("grp", organizationId), displayName, folded: { displayName: fold(displayName) } };
  await store.transaction((change) => change.for(organizationId).open(groups).insert(group));
  await inLanes(
    chunksOf(memberIds).map(
      (some) => () => store.transaction((change) => change.for(organizationId).memberships.add(group.id, some)),
    ),
  );
  return group.id;
}

function chunksOf<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / batch) }, (_, at) => all.slice(at * batch, (at + 1) * batch));
}

/** Carries out the work, some of it at once, and gives the results in its order. */
async function inLanes<T>(work: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < work.length; at = next++) {
      const one = work[at];
      if (one) results[at] = await one();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
