import { AppError, hasErrorCode } from "../errors.ts";

/**
 * Returns an error handler that adds the field to a uniqueness conflict of the store and rethrows every other error.
 * @param field the request field that conflicts
 * @param message replaces the store's message
 * @throws AppError conflict naming the field
 */
export const mapConflictToField =
  (field: string, message?: string) =>
  (error: unknown): never => {
    // Only a uniqueness conflict has a key. A domain rule that throws `conflict` names its field itself.
    if (!hasErrorCode(error, "conflict") || error.details.key === undefined) throw error;
    throw new AppError("conflict", message ?? error.message, { ...error.details, field }, error);
  };

/**
 * Runs a find-or-create operation again after a conflict: the second run finds the record that the concurrent request
 * created.
 */
export function retryOnConflict<T>(operation: () => Promise<T>): Promise<T> {
  return operation().catch((error: unknown) => {
    if (hasErrorCode(error, "conflict")) return operation();
    throw error;
  });
}
