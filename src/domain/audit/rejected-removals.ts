import type { AppError, ErrorCode } from "../../errors.ts";
import { hasErrorCode } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { groups, users } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import type { Caller } from "../caller.ts";
import { insertAuditEvent, toAuditEvent } from "./record.ts";

/** A request of an identity provider that would have ended access, and was rejected. */
export interface RejectedRemoval {
  readonly type: "user" | "group";
  readonly id: string;
  readonly method: "PUT" | "PATCH" | "DELETE";
  readonly error: AppError;
}

/**
 * Records rejected deactivations, deletions and removals of members as audit events of their own: a user keeps the
 * access that the identity provider wanted to end.
 */
export class RejectedRemovals {
  readonly #store: Store;
  readonly #log: Log;

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /**
   * Records a rejection, unless there is no access that could have ended, or the client repeats the request by
   * itself. Never throws: the response is the error of the request.
   */
  async record(caller: Caller, { type, id, method, error }: RejectedRemoval): Promise<void> {
    if (repeatedCodes.has(error.code)) return;
    const { organizationId } = caller;
    try {
      const tenant = this.#store.for(organizationId);
      const target = await (type === "user" ? tenant.open(users).get(id) : tenant.open(groups).get(id));
      if (!target || (method !== "DELETE" && "active" in target && target.active === false)) return;
      const event = toAuditEvent(organizationId, caller, "refused", {
        action: actions[type],
        target: { type, id },
        details: {
          method,
          reason: error.code,
          ...(error.details.field !== undefined && { field: error.details.field }),
        },
      });
      await this.#store.transaction((transaction) => insertAuditEvent(transaction, event));
    } catch (failure) {
      if (!hasErrorCode(failure, "unavailable"))
        this.#log.error("a rejected removal was not recorded", { requestId: caller.requestId, error: failure });
    }
  }
}

const actions = { user: "user.deactivation_rejected", group: "group.removal_rejected" } as const;

/** Errors after which a client sends the request again, or after which nothing can be stored. */
const repeatedCodes: ReadonlySet<ErrorCode> = new Set(["not-found", "rate-limited", "unavailable", "internal"]);
