import type { VNode } from "preact";

/** The value of one hour. */
export interface HourValue {
  /** The start of the hour (ISO 8601 in UTC). */
  readonly at: string;
  readonly value: number;
}

/** The coordinates of the drawing, which is stretched to the width of its place. */
const width = 240;
const height = 60;
const gap = 2;

/**
 * A bar chart of values by hour, drawn on the server. It has no text, because the drawing is stretched: the texts are
 * beside it, and a table next to the plots has the numbers.
 * @param id unique on the page
 * @param hours the oldest first; the last one has not ended
 */
export function HourPlot({
  id,
  title,
  hours,
  isWarning = false,
}: {
  readonly id: string;
  readonly title: string;
  readonly hours: readonly HourValue[];
  readonly isWarning?: boolean;
}): VNode {
  const total = hours.reduce((sum, { value }) => sum + value, 0);
  const peak = hours.reduce((one, other) => (other.value > one.value ? other : one), { at: "", value: 0 });
  const step = width / hours.length;
  return (
    <figure class={isWarning ? "plot warning" : "plot"}>
      <figcaption>
        {title} <strong>{formatCount(total)}</strong>
      </figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-labelledby={`${id}-title ${id}-text`}
      >
        <title id={`${id}-title`}>{title} by hour</title>
        <desc id={`${id}-text`}>{describePlot(total, peak, hours.length)}</desc>
        {hours.map(({ at, value }, index) => {
          const barHeight = peak.value === 0 ? 0 : Math.max(value === 0 ? 0 : 2, (value / peak.value) * height);
          return (
            <rect
              key={at}
              class={index === hours.length - 1 ? "bar current" : "bar"}
              x={round(index * step + gap / 2)}
              y={round(height - barHeight)}
              width={round(step - gap)}
              height={round(barHeight)}
            />
          );
        })}
      </svg>
      <p class="axis">
        <span>{hours[0] && formatHour(hours[0].at)}</span>
        <span>{peak.value === 0 ? "none" : `at most ${formatCount(peak.value)} in an hour`}</span>
        <span>now</span>
      </p>
    </figure>
  );
}

function describePlot(total: number, peak: HourValue, hours: number): string {
  if (total === 0) return `None in the last ${hours} hours.`;
  return `${formatCount(total)} in the last ${hours} hours, at most ${formatCount(peak.value)} in the hour from ${formatHour(peak.at)}.`;
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** Formats a number for reading, with separators. */
export const formatCount = (count: number): string => count.toLocaleString("en-US");

/** Formats the start of an hour, such as `14:00 UTC`. */
export const formatHour = (at: string): string => `${at.slice(11, 16)}\u00a0UTC`;
