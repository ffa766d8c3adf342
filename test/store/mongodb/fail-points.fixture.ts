import { withConnection } from "./mongodb.fixture.ts";

/** Arguments of a mongod whose fail points can be set. A transaction that a failed commit leaves open ends in seconds. */
export const failPointArgs: readonly string[] = [
  ...["--setParameter", "enableTestCommands=1"],
  ...["--setParameter", "transactionLifetimeLimitSeconds=4"],
];

/** A fail point of the server: what it does, and how often. Without a mode, it is on until the work has ended. */
export interface FailPoint {
  readonly configureFailPoint: string;
  readonly mode?: { readonly times: number };
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Runs work while a fail point is on. It affects everything that uses the server. */
export async function withFailPoint<R>(uri: string, failPoint: FailPoint, work: () => Promise<R>): Promise<R> {
  return withConnection(uri, async ({ db }) => {
    await db?.admin().command({ ...failPoint, mode: failPoint.mode ?? "alwaysOn" });
    try {
      return await work();
    } finally {
      await db?.admin().command({ configureFailPoint: failPoint.configureFailPoint, mode: "off" });
    }
  });
}
