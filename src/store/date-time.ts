/** A point in time, truncated to whole milliseconds, in UTC. */
export interface Instant {
  /** ISO 8601 with milliseconds: `2011-05-13T04:42:34.000Z`. */
  readonly milliseconds: string;
  /** Whether the input had no finer precision than milliseconds. */
  readonly isExact: boolean;
}

const dateTimePattern = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?)?$/i;

/**
 * Parses a date and time (RFC 7643 section 2.3.5), or a date, which means its start. Without an offset the time zone is
 * UTC, whatever the time zone of the process.
 * @returns undefined for an invalid date, or one outside the years 0 to 9999 in UTC
 */
export function parseDateTime(input: string): Instant | undefined {
  const [, date, time = "00:00", seconds = "00", fraction = "", offset = "Z"] = dateTimePattern.exec(input) ?? [];
  if (date === undefined) return undefined;
  const localDateTime = `${date}T${time}:${seconds}.${fraction.slice(0, 3).padEnd(3, "0")}`;
  const asUtc = new Date(`${localDateTime}Z`);
  // Date parses February 30 as March 2.
  if (Number.isNaN(asUtc.getTime()) || asUtc.toISOString() !== `${localDateTime}Z`) return undefined;
  const timestamp = new Date(`${localDateTime}${offset.toUpperCase()}`).toISOString();
  // ISO strings of other years begin with a sign and would not sort chronologically.
  if (!/^\d{4}-/.test(timestamp)) return undefined;
  return { milliseconds: timestamp, isExact: /^0*$/.test(fraction.slice(3)) };
}
