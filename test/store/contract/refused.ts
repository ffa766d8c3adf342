import { expect } from "chai";
import { type AppError, type Fault, isFault } from "../../../src/errors.ts";

/** Awaits a refusal and returns it, so that a test can look at its details. */
export async function refused(attempt: Promise<unknown>, fault: Fault): Promise<AppError> {
  const outcome = await attempt.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) return expect.fail(`was expected to be refused as ${fault}, but was done`);
  if (!isFault(outcome.error)) throw outcome.error;
  expect(outcome.error.fault).to.equal(fault);
  return outcome.error;
}

/** Awaits a failure of any kind: what is refused here is a mistake in the program, not an answer to a caller. */
export async function failed(attempt: () => Promise<unknown>): Promise<unknown> {
  try {
    await attempt();
  } catch (error) {
    return error;
  }
  return expect.fail("was expected to fail, but was done");
}
