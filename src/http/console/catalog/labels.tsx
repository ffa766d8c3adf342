import type { VNode } from "preact";
import type { Labels } from "../../../../schemas/labels.ts";
import { fromValueLine, splitLines, toValueLine } from "./form-values.ts";

/** Writes labels as one `key: value` per line. */
export const toLabelLines = (labels: Labels = {}): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}: ${toValueLine(value)}`)
    .join("\n");

/** Reads labels. A line without a colon is a key, whose value is empty. */
export const fromLabelLines = (text: string | undefined): Labels =>
  Object.fromEntries(
    splitLines(text).map((line) => {
      const at = line.indexOf(":");
      return at < 0 ? [line, ""] : [line.slice(0, at).trim(), fromValueLine(line.slice(at + 1).trim())];
    }),
  );

/** Labels as chips. */
export const LabelChips = ({ labels }: { readonly labels: Labels }): VNode => (
  <ul class="chips">
    {Object.entries(labels).map(([key, value]) => (
      <li key={key}>
        <code>{value === "" ? key : `${key}: ${value}`}</code>
      </li>
    ))}
  </ul>
);
