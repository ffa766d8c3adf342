import { stopTestMongo } from "./mongod.ts";

/** Runs once around all suites. */
export const mochaHooks = {
  async afterAll(): Promise<void> {
    await stopTestMongo();
  },
};
