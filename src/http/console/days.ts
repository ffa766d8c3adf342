import { z } from "zod";
import type { TimeRange } from "../../domain/audit/log-reader.ts";

const day = z.iso.date({ error: "must be a day such as 2026-01-31" }).optional();

/** The filters of a log by days in UTC, both inclusive. */
export const dayFilters = { from: day, to: day };

/** Converts days to the range of times that the readers of logs expect. */
export function toDayRange({
  from,
  to,
}: {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): TimeRange {
  return {
    from: from === undefined ? undefined : new Date(from),
    to: to === undefined ? undefined : new Date(Date.parse(to) + 86_400_000),
  };
}
