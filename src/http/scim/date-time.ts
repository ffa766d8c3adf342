/** A point in time as it is stored: the last whole millisecond not after it, in UTC. */
export interface Instant {
  readonly milliseconds: string;
  /** False when the point lies between that millisecond and the next. */
  readonly isExact: boolean;
}

const dateTime = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?)?$/i;

/**
 * Reads a date and time (RFC 7643 section 2.3.5), or a date alone, which is its first moment. Without an offset it is
 * UTC, wherever the service runs.
 * @returns undefined for what is no date, or none of the years 0 to 9999 in UTC
 */
export function instantOf(text: string): Instant | undefined {
  const [, date, minutes = "00:00", seconds = "00", fraction = "", offset = "Z"] = dateTime.exec(text) ?? [];
  if (date === undefined) return undefined;
  const local = `${date}T${minutes}:${seconds}.${fraction.slice(0, 3).padEnd(3, "0")}`;
  const asUtc = new Date(`${local}Z`);
  // Date takes the 30th of February for the 2nd of March.
  if (Number.isNaN(asUtc.getTime()) || asUtc.toISOString() !== `${local}Z`) return undefined;
  const milliseconds = new Date(`${local}${offset.toUpperCase()}`).toISOString();
  // Other years have a sign in front and would not be in order as texts.
  if (!/^\d{4}-/.test(milliseconds)) return undefined;
  return { milliseconds, isExact: /^0*$/.test(fraction.slice(3)) };
}
