import type { VNode } from "preact";

/** A time, absolute in UTC and relative to now. Without a time, the text of its absence. */
export function Time({ at, absent }: { readonly at: string | null | undefined; readonly absent: string }): VNode {
  if (at === null || at === undefined) return <span class="muted">{absent}</span>;
  return (
    <>
      <time dateTime={at}>{formatTime(at)}</time>
      <span class="sub">{formatDistance(Date.parse(at) - Date.now())}</span>
    </>
  );
}

/** Formats a time for reading, in UTC and without seconds. */
export const formatTime = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 16)}\u00a0UTC`;

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const units = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/** Formats a distance in milliseconds from now, such as "in 3 days" or "2 hours ago". */
function formatDistance(ms: number): string {
  for (const [unit, unitMs] of units) if (Math.abs(ms) >= unitMs) return relative.format(Math.trunc(ms / unitMs), unit);
  return ms < 0 ? "just now" : "in less than a minute";
}
