import type { RequestLogEntry } from "../../../schemas/audit-event.ts";
import type { Condition, Page, Position, Store } from "../../store/collection.ts";
import { requestLog } from "../../store/collections.ts";
import { madeWithin } from "./made-within.ts";

/** What the request log is asked by; all that is given must hold. */
export interface RequestFilter {
  readonly requestId?: string | undefined;
  readonly actorId?: string | undefined;
  readonly method?: string | undefined;
  readonly status?: number | undefined;
  /** Refused requests, or those that were not. */
  readonly refused?: boolean | undefined;
  /** From this moment on. */
  readonly from?: Date | undefined;
  /** Before this moment. */
  readonly to?: Date | undefined;
}

/** What was asked of an organisation, as far as it is logged. */
export class LoggedRequests {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * The newest first.
   * @throws AppError query-too-expensive
   */
  list(
    organizationId: string,
    filter: RequestFilter,
    page: { readonly limit: number; readonly after?: Position },
  ): Promise<Page<RequestLogEntry>> {
    const all = conditionsOf(filter);
    return this.#store
      .for(organizationId)
      .open(requestLog)
      .list({
        ...page,
        sort: { path: "id", direction: "descending" },
        ...(all.length > 0 && { where: { op: "and", all } }),
      });
  }

  get(organizationId: string, id: string): Promise<RequestLogEntry | undefined> {
    return this.#store.for(organizationId).open(requestLog).get(id);
  }
}

function conditionsOf({ requestId, actorId, method, status, refused, from, to }: RequestFilter): readonly Condition[] {
  const equal = { requestId, "actor.id": actorId, method, status };
  return [
    ...Object.entries(equal).flatMap(([path, value]) =>
      value === undefined ? [] : [{ op: "eq", path, value } as const],
    ),
    ...(refused === undefined ? [] : [{ op: refused ? "ge" : "lt", path: "status", value: 400 } as const]),
    ...madeWithin("req", from, to),
  ];
}
