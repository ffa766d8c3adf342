import { AppError, hasErrorCode } from "../../../src/errors.ts";
import { toFilterCondition } from "../../../src/scim/filter/condition.ts";
import type { ResourceSchema } from "../../../src/scim/schema/resource-schema.ts";

/** Returns the error code and message that the function throws. Rethrows any other error. */
export function rejection(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "no error";
}

/** Returns the message of the invalid-filter error for a filter. */
export function filterRejection(filter: string, schema: ResourceSchema): string {
  try {
    toFilterCondition(filter, schema);
  } catch (error) {
    if (hasErrorCode(error, "invalid-filter")) return error.message;
    throw error;
  }
  return "no error";
}
