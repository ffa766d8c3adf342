import { AppError } from "../../src/errors.ts";

/** Returns the AppError that the function throws. Fails if it returns, and rethrows any other error. */
export function catchAppError(act: () => unknown): AppError {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("It was accepted.");
}
