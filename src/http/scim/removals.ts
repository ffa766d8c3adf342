import type { RejectedRemovals } from "../../domain/audit/rejected-removals.ts";
import { type ChangeRequest, requestsRemoval } from "../../scim/values/removal-intent.ts";
import { toAppError } from "../server/error-mapping.ts";
import type { ScimContext } from "./context.ts";
import type { Endpoint } from "./endpoint.ts";

/** Watches changes of one resource for rejected removals, in single requests and in bulk requests. */
export type RemovalWatch = <Result>(
  context: ScimContext,
  target: { readonly endpoint: Endpoint; readonly id: string } & ChangeRequest,
  change: () => Promise<Result>,
) => Promise<Result>;

/**
 * Creates a watch that records every rejected request to deactivate a user, to remove members, or to delete either.
 * @returns a function that runs a change and throws what it throws
 */
export const watchRemovals =
  (rejectedRemovals: RejectedRemovals): RemovalWatch =>
  async ({ caller }, { endpoint: { schema }, id, method, body }, change) => {
    try {
      return await change();
    } catch (error) {
      if (requestsRemoval({ method, body }, schema)) {
        const type = schema.type === "User" ? "user" : "group";
        await rejectedRemovals.record(caller, { type, id, method, error: toAppError(error) });
      }
      throw error;
    }
  };
