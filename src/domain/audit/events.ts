import type { AuditEvent } from "../../../schemas/audit-event.ts";
import type { Condition, Page, Position, Store } from "../../store/collection.ts";
import { auditEvents } from "../../store/collections.ts";
import { madeWithin } from "./made-within.ts";

/** What the audit log is asked by; all that is given must hold. */
export interface EventFilter {
  readonly action?: string | undefined;
  readonly outcome?: AuditEvent["outcome"] | undefined;
  readonly actorId?: string | undefined;
  readonly actorType?: AuditEvent["actor"]["type"] | undefined;
  readonly targetId?: string | undefined;
  readonly targetType?: string | undefined;
  /** From this moment on. */
  readonly from?: Date | undefined;
  /** Before this moment. */
  readonly to?: Date | undefined;
}

/** What has happened in an organisation. Nothing here changes any of it. */
export class AuditEvents {
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
    filter: EventFilter,
    page: { readonly limit: number; readonly after?: Position },
  ): Promise<Page<AuditEvent>> {
    const all = conditionsOf(filter);
    return this.#store
      .for(organizationId)
      .open(auditEvents)
      .list({
        ...page,
        sort: { path: "id", direction: "descending" },
        ...(all.length > 0 && { where: { op: "and", all } }),
      });
  }

  /**
   * All that match, the oldest first, up to the moment of the call: what happens meanwhile is of the next export.
   * @throws AppError query-too-expensive
   */
  async *export(organizationId: string, filter: EventFilter): AsyncGenerator<AuditEvent> {
    const now = new Date();
    const to = filter.to && filter.to < now ? filter.to : now;
    const where: Condition = { op: "and", all: conditionsOf({ ...filter, to }) };
    const open = this.#store.for(organizationId).open(auditEvents);
    for (let after: Position | undefined; ; ) {
      const { items } = await open.list({ where, limit: exportPage, ...(after && { after }) });
      yield* items;
      const last = items.at(-1);
      if (!last || items.length < exportPage) return;
      after = { id: last.id };
    }
  }

  get(organizationId: string, id: string): Promise<AuditEvent | undefined> {
    return this.#store.for(organizationId).open(auditEvents).get(id);
  }
}

/** Events that are read at once. */
const exportPage = 200;

function conditionsOf({ from, to, ...exact }: EventFilter): readonly Condition[] {
  return [
    ...Object.entries(exact).flatMap(([name, value]) =>
      value === undefined ? [] : [{ op: "eq", path: paths[name as keyof typeof paths], value } as const],
    ),
    ...madeWithin("aud", from, to),
  ];
}

const paths = {
  action: "action",
  outcome: "outcome",
  actorId: "actor.id",
  actorType: "actor.type",
  targetId: "target.id",
  targetType: "target.type",
} as const satisfies Record<keyof Omit<EventFilter, "from" | "to">, string>;
