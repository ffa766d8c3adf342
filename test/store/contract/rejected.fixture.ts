import { expect } from "chai";
import { type AppError, type ErrorCode, hasErrorCode } from "../../../src/errors.ts";

/** Awaits a rejection with this error code and returns the error, so that a test can check its details. */
export async function expectRejection(attempt: Promise<unknown>, code: ErrorCode): Promise<AppError> {
  const outcome = await attempt.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) return expect.fail(`was expected to be rejected as ${code}, but succeeded`);
  if (!hasErrorCode(outcome.error)) throw outcome.error;
  expect(outcome.error.code).to.equal(code);
  return outcome.error;
}

/** Awaits any failure and returns it: a programming error, not a response to a caller. */
export async function expectFailure(attempt: () => Promise<unknown>): Promise<unknown> {
  try {
    await attempt();
  } catch (error) {
    return error;
  }
  return expect.fail("was expected to fail, but succeeded");
}
