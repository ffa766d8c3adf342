import { AppError, isFault } from "../errors.ts";

/** Of a change that found its name taken: says which field that is. */
export const takenAs =
  (field: string, message?: string) =>
  (error: unknown): never => {
    // What a rule of ours refused is told by that rule.
    if (!isFault(error, "conflict") || error.details.key === undefined) throw error;
    throw new AppError("conflict", message ?? error.message, { ...error.details, field }, error);
  };

/** A change that makes what is not there: who lost the race for it finds the winner's at the second look. */
export function lookTwice<T>(change: () => Promise<T>): Promise<T> {
  return change().catch((error: unknown) => {
    if (isFault(error, "conflict")) return change();
    throw error;
  });
}
