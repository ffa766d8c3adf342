import type { RequestLogEntry } from "../../../schemas/audit-event.ts";
import { requestLog } from "../../store/collections.ts";
import type { Condition } from "../../store/query.ts";
import type { Store } from "../../store/store.ts";
import { LogReader, type TimeRange, toEqualities } from "./log-reader.ts";

/** Filters of the request log. An entry must match all that are present. */
export interface RequestLogFilter extends TimeRange {
  readonly requestId?: string | undefined;
  /** The token that was sent, or that the OAuth access token was issued for. */
  readonly actorId?: string | undefined;
  readonly userId?: string | undefined;
  readonly groupId?: string | undefined;
  readonly method?: string | undefined;
  /** A path without its query, or the start of paths up to a slash. */
  readonly path?: string | undefined;
  readonly status?: number | undefined;
  readonly cause?: string | undefined;
  /** True: only rejected requests. False: only the others, with the lookups that found nothing. */
  readonly rejected?: boolean | undefined;
  /** The name of `rejected` in earlier versions. */
  readonly refused?: boolean | undefined;
  readonly ignoredAttribute?: string | undefined;
  readonly hasIgnoredAttributes?: boolean | undefined;
}

/** Reads the request log of an organization. */
export class RequestLogReader extends LogReader<RequestLogEntry, RequestLogFilter> {
  constructor(store: Store) {
    super(store, {
      collection: requestLog,
      prefix: "req",
      toConditions: ({ requestId, actorId, userId, groupId, method, path, status, cause, ...rest }) => [
        ...toEqualities({ requestId, "actor.id": actorId, method, status, cause }),
        ...toEqualities({ resourceId: userId }),
        ...toEqualities({ resourceId: groupId }),
        ...when(path, isAtOrBelow),
        ...when(rest.rejected ?? rest.refused, (isRejected) => (isRejected ? rejected : notRejected)),
        ...when(rest.ignoredAttribute, (value) => ({
          ...{ op: "some", path: "ignoredAttributes" },
          where: { op: "eq", path: "", value },
        })),
        ...when(rest.hasIgnoredAttributes, (isPresent) =>
          isPresent ? hasIgnored : { op: "not", condition: hasIgnored },
        ),
      ],
    });
  }
}

const rejected: Condition = { op: "eq", path: "rejected", value: true };
const notRejected: Condition = { op: "not", condition: rejected };
const hasIgnored: Condition = { op: "present", path: "ignoredAttributes" };

const when = <T>(value: T | undefined, toCondition: (value: T) => Condition): readonly Condition[] =>
  value === undefined ? [] : [toCondition(value)];

const isAtOrBelow = (path: string): Condition => ({
  op: "or",
  all: [
    { op: "eq", path: "path", value: path },
    ...[`${path}/`, `${path}?`].map((value): Condition => ({ op: "startsWith", path: "path", value })),
  ],
});
