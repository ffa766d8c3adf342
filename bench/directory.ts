import { createDomain } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { newEntity } from "../src/domain/entity.ts";
import { fold } from "../src/domain/fold.ts";
import { firstStart } from "../src/domain/organizations.ts";
import type { Store } from "../src/store/collection.ts";
import { collections, groups, users } from "../src/store/collections.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";

/** A directory on disk, and what one has to know to ask for it. */
export interface Directory {
  readonly secret: string;
  readonly userIds: readonly string[];
  /** Who is in no group. */
  readonly looseUserIds: readonly string[];
  /** Group `n` holds ten users from `userIds[n]` on. */
  readonly tenGroupIds: readonly string[];
  /** Holds the first hundred thousand of `userIds`, in a directory of that many. */
  readonly largeGroupId: string | undefined;
}

const looseUsers = 3000;
const tenGroups = 300;
const largeGroup = 100_000;
const batch = 500;

/** Writes a directory into an empty folder through the store, before the service is started on it. */
export async function seed(dataDir: string, size: number): Promise<Directory> {
  const store = await openSqliteStore({ dataDir, collections });
  try {
    const { tokens, organizations } = createDomain(store, readConfig({ DATA_DIR: dataDir }));
    const first = await firstStart(store, tokens);
    const organization = await organizations.bySlug("default");
    if (!first || !organization) throw new Error(`${dataDir} is not an empty folder`);
    const all = await addUsers(store, organization.id, size + looseUsers);
    const userIds = all.slice(0, size);
    const tenGroupIds: string[] = [];
    for (let at = 0; at < tenGroups; at++) {
      tenGroupIds.push(await addGroup(store, organization.id, `Team ${at}`, userIds.slice(at, at + 10)));
    }
    const largeGroupId =
      size >= largeGroup ? await addGroup(store, organization.id, "Everyone", userIds.slice(0, largeGroup)) : undefined;
    return { secret: first.secret, userIds, looseUserIds: all.slice(size), tenGroupIds, largeGroupId };
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
  const ids: string[] = [];
  while (ids.length < count) {
    await store.transaction(async (change) => {
      const open = change.for(organizationId).open(users);
      for (let at = 0; at < batch && ids.length < count; at++) {
        const { userName, displayName, ...rest } = person(ids.length);
        const folded = {
          userName: fold(userName),
          displayName: fold(displayName),
          emails: [{ value: fold(userName) }],
        };
        const envelope = newEntity("usr", organizationId);
        await open.insert({ ...envelope, ...rest, userName, displayName, enterpriseUser: employment, folded });
        ids.push(envelope.id);
      }
    });
  }
  // Several in one millisecond are not in the order of their creation.
  return ids.sort();
}

async function addGroup(store: Store, organizationId: string, displayName: string, memberIds: readonly string[]) {
  const group = { ...newEntity("grp", organizationId), displayName, folded: { displayName: fold(displayName) } };
  await store.transaction((change) => change.for(organizationId).open(groups).insert(group));
  for (let from = 0; from < memberIds.length; from += batch) {
    await store.transaction((change) =>
      change.for(organizationId).memberships.add(group.id, memberIds.slice(from, from + batch)),
    );
  }
  return group.id;
}
