import type { Environment } from "../src/config.ts";
import { withConnection } from "../test/store/mongodb/mongodb.fixture.ts";

/** What mongod has used so far. */
export interface DatabaseUse {
  /** Commands that it has received from all clients. */
  readonly roundTrips: number;
  /** User and system time, in milliseconds. */
  readonly cpuMs: number;
}

/**
 * Reads the usage of the mongod that the settings name.
 * @param store the settings that select the store
 * @returns undefined for the embedded store
 */
export async function readDatabaseUse(store: Environment): Promise<DatabaseUse | undefined> {
  const uri = store["MONGODB_URI"];
  if (uri === undefined) return undefined;
  return withConnection(uri, async ({ db }) => {
    const status = (await db?.admin().command({ serverStatus: 1 })) as unknown as ServerStatus;
    const { user_time_us: userUs, system_time_us: systemUs } = status.extra_info;
    return { roundTrips: Number(status.network.numRequests), cpuMs: (Number(userUs) + Number(systemUs)) / 1000 };
  });
}

/** @see https://www.mongodb.com/docs/manual/reference/command/serverStatus/ */
interface ServerStatus {
  readonly network: { readonly numRequests: unknown };
  readonly extra_info: { readonly user_time_us: unknown; readonly system_time_us: unknown };
}
