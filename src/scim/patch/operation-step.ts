import { withDetails } from "../../errors.ts";

/**
 * Runs a step for each operation of a PATCH. An error has the position of its operation, from 1, in
 * `details.operation`, so that the request log can show which operation failed.
 */
export function mapOperations<T, R>(operations: readonly T[], step: (operation: T, index: number) => R): R[] {
  return operations.map((operation, index) => {
    try {
      return step(operation, index);
    } catch (error) {
      throw withDetails(error, { operation: index + 1 });
    }
  });
}
