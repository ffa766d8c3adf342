import type { VNode } from "preact";
import type { Labels } from "../../../schemas/labels.ts";
import { AppError } from "../../errors.ts";
import { Fact } from "./facts.tsx";
import { LinesField } from "./fields.tsx";
import type { FormErrors } from "./form.ts";
import { fromValueLine, splitLines, toValueLine } from "./value-lines.ts";

/** Writes labels as one `key: value` per line. */
export const toLabelLines = (labels: Labels = {}): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}: ${toValueLine(value)}`)
    .join("\n");

/**
 * Reads labels. A line without a colon is a key, whose value is empty.
 * @throws AppError invalid-value naming the field: for two lines with one key, a key that the schema would ignore instead of
 *   rejecting it, or a value that stores do not return unchanged
 */
export function fromLabelLines(text: string | undefined): Labels {
  const labels = splitLines(text).map((line): readonly [key: string, value: string] => {
    const at = line.indexOf(":");
    return at < 0 ? [line, ""] : [line.slice(0, at).trim(), fromValueLine(line.slice(at + 1).trim(), "labels")];
  });
  const keys = labels.map(([key]) => key);
  if (keys.includes("__proto__")) throw invalidLabels("__proto__ is a reserved name, which cannot be a label key.");
  const repeated = keys.find((key, at) => keys.indexOf(key) !== at);
  if (repeated !== undefined) throw invalidLabels(`the key ${repeated} has more than one line. Keep one of them.`);
  return Object.fromEntries(labels);
}

const invalidLabels = (problem: string): AppError =>
  new AppError("invalid-value", `labels: ${problem}`, { field: "labels" });

/** The labels of a resource, in every form. @param value one label per line */
export const LabelsField = (props: { readonly value: string; readonly errors: FormErrors | undefined }): VNode => (
  <LinesField name="labels" label="Labels (optional)" hint="One per line, such as team: payments." {...props} />
);

/** The labels of a resource on its page; nothing without any. */
export const LabelsFact = ({ labels = {} }: { readonly labels: Labels | undefined }): VNode | null =>
  Object.keys(labels).length === 0 ? null : (
    <Fact name="Labels">
      <ul class="chips">
        {Object.entries(labels).map(([key, value]) => (
          <li key={key}>
            <code>{value === "" ? key : `${key}: ${value}`}</code>
          </li>
        ))}
      </ul>
    </Fact>
  );
