import type { AuditEvent } from "../../../schemas/audit-event.ts";
import type { Condition, Page, Position, Store } from "../../store/collection.ts";
import { auditEvents } from "../../store/collections.ts";
import { lowestId } from "../entity.ts";

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

  get(organizationId: string, id: string): Promise<AuditEvent | undefined> {
    return this.#store.for(organizationId).open(auditEvents).get(id);
  }
}

/** An event's id says when it happened, so that a time is a range of ids. */
function conditionsOf({ from, to, ...exact }: EventFilter): readonly Condition[] {
  return [
    ...Object.entries(exact).flatMap(([name, value]) =>
      value === undefined ? [] : [{ op: "eq", path: paths[name as keyof typeof paths], value } as const],
    ),
    ...(from ? [{ op: "ge", path: "id", value: firstIdOf(from) } as const] : []),
    ...(to ? [{ op: "lt", path: "id", value: firstIdOf(to) } as const] : []),
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

/** No id speaks of a time before 1970. */
const firstIdOf = (moment: Date): string => lowestId("aud", new Date(Math.max(0, moment.getTime())));
