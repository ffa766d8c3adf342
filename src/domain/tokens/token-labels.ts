import { findLabelIssue, type Labels } from "../../../schemas/labels.ts";
import type { Token } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import { toLabelTerms } from "../../store/label-terms.ts";

/** The stored fields of a token's labels: none without labels. */
export function toStoredLabels(labels: Labels | undefined): Pick<Token, "labels" | "labelTerms"> {
  const terms = toLabelTerms(labels);
  return labels && terms ? { labels, labelTerms: [...terms] } : {};
}

/** The changes of labels by key: null removes a label, and null instead of a map removes all. Absent: none. */
export type LabelsUpdate = Readonly<Record<string, string | null>> | null | undefined;

/**
 * Applies changes to labels.
 * @throws AppError invalid-value naming the label
 */
export function mergeLabels(current: Labels | undefined, update: LabelsUpdate): Labels | undefined {
  if (update === undefined) return current;
  const entries = Object.entries({ ...current, ...update }).filter(([, value]) => value !== null);
  const labels: Labels = update === null ? {} : Object.fromEntries(entries as [string, string][]);
  const issue = findLabelIssue(labels);
  if (!issue) return labels;
  const path = ["labels", ...issue.path];
  const detail = `${path.join(".")} ${issue.message}.`;
  const pointer = path
    .map((segment) => `/${segment.slice(0, 100).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
  throw new AppError("invalid-value", detail, { errors: [{ pointer, detail }] });
}
