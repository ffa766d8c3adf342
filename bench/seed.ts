import { createDomain, openStore } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { newEntity } from "../src/domain/entity.ts";
import { fold } from "../src/domain/fold.ts";
import { defaultOrganization, firstStart } from "../src/domain/organizations.ts";
import { groups, users } from "../src/store/collections.ts";

/** What the requests need to know of the data. */
export interface Seeded {
  readonly secret: string;
  readonly userIds: readonly string[];
  readonly groups: readonly { readonly id: string; readonly members: number }[];
}

const batch = 1000;

/** Fills an empty data folder through the store, past the doors, because a hundred thousand requests take too long. */
export async function seed(dataDir: string, userCount: number, groupSizes: readonly number[]): Promise<Seeded> {
  const config = readConfig({ DATA_DIR: dataDir });
  const store = await openStore(config);
  const first = await firstStart(store, createDomain(store, config).tokens);
  const organizationId = (await defaultOrganization(store))?.id ?? "";
  const userIds: string[] = [];
  for (let from = 0; from < userCount; from += batch) {
    await store.transaction(async (change) => {
      const open = change.for(organizationId).open(users);
      for (let at = from; at < Math.min(from + batch, userCount); at++) {
        const user = aUser(organizationId, at);
        await open.insert(user);
        userIds.push(user.id);
      }
    });
  }
  const made = [];
  for (const members of groupSizes) {
    const displayName = `group of ${members}`;
    const group = { ...newEntity("grp", organizationId), displayName, folded: { displayName } };
    await store.transaction((change) => change.for(organizationId).open(groups).insert(group));
    for (let from = 0; from < members; from += batch) {
      const ids = userIds.slice(from, Math.min(from + batch, members));
      await store.transaction((change) => change.for(organizationId).memberships.add(group.id, ids));
    }
    made.push({ id: group.id, members });
  }
  await store.close();
  return { secret: first?.secret ?? "", userIds, groups: made };
}

function aUser(organizationId: string, at: number) {
  const userName = `User${at}@example.com`;
  return {
    ...newEntity("usr", organizationId),
    userName,
    externalId: `external-${at}`,
    active: true,
    displayName: `User Number ${at}`,
    name: { givenName: "User", familyName: `Number ${at}`, formatted: `User Number ${at}` },
    emails: [{ value: userName, type: "work", primary: true }],
    enterpriseUser: { employeeNumber: String(at), department: `Department ${at % 40}` },
    folded: {
      userName: fold(userName),
      displayName: fold(`User Number ${at}`),
      emails: [{ value: fold(userName) }],
    },
  };
}
