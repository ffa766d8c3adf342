import { AppError } from "../../../src/errors.ts";

/** The fault with which something is refused. Fails for what is accepted, and for errors that nobody foresaw. */
export function refusal(act: () => unknown): AppError {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("It was accepted.");
}
