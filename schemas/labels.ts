import { z } from "zod";

/** The maximum number of labels of one resource. */
const labelsMax = 64;
const labelValueLengthMax = 256;

const keyRule =
  "1 to 63 lowercase letters and digits, with dots, underscores, slashes and hyphens between the first and the last character";
/** Names that every object inherits. No label can be mistaken for one of them. */
const inheritedNames: ReadonlySet<string> = new Set(["constructor", "prototype"]);

/** The key of a label. It has no colon, so that `key:value` can be read in one way only. */
const labelKey = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?$/, `is not a label key: ${keyRule}`)
  .refine((key) => !inheritedNames.has(key), "is a reserved name, which cannot be a label key");

const labelMap = z
  .record(z.string(), z.string().max(labelValueLengthMax, `must have ${labelValueLengthMax} characters or fewer`))
  .superRefine((labels, context) => {
    const keys = Object.keys(labels);
    if (keys.length > labelsMax)
      return context.addIssue({ code: "custom", message: `must have ${labelsMax} labels or fewer` });
    for (const key of keys) {
      const [issue] = labelKey.safeParse(key).error?.issues ?? [];
      if (issue) context.addIssue({ code: "custom", path: [key], message: issue.message });
    }
  })
  .meta({
    id: "Labels",
    maxProperties: labelsMax,
    description: `Labels of your own, by key. A key has ${keyRule}; a value has at most ${labelValueLengthMax} characters.`,
  });

/** Labels by key: what a client knows about a resource and the service does not, such as a team or a cost center. */
export type Labels = Readonly<Record<string, string>>;

/** The field of requests and stored records. Absent: no labels, so that records without any are as in earlier releases. */
export const labelsField = { labels: labelMap.optional() };
/** The field of responses. */
export const labelsResponse = { labels: labelMap };
/** The field in the patch of a resource that is not merged as JSON: null removes a label, or all of them. */
export const labelsPatch = {
  labels: z
    .record(z.string(), z.string().nullable())
    .nullable()
    .optional()
    .describe("The labels to set, by key; null removes a label. Null instead of a map removes all."),
};
/**
 * Validates labels that were merged.
 * @returns the message and path of the first error; undefined if they are valid
 */
export function findLabelIssue(
  labels: Labels,
): { readonly path: readonly string[]; readonly message: string } | undefined {
  const [issue] = labelMap.safeParse(labels).error?.issues ?? [];
  return issue && { path: issue.path.map(String), message: issue.message };
}

const labelFiltersMax = 10;

/** The query parameter of lists for labels: `team:payments`, or `team` for any value. */
export const labelFilter = z
  .array(
    z.string().refine((filter) => {
      const { key, value = "" } = parseLabelFilter(filter);
      return labelKey.safeParse(key).success && [...value].length <= labelValueLengthMax;
    }, "must be the key of a label, or its key and value as key:value"),
  )
  .max(labelFiltersMax, `must appear ${labelFiltersMax} times or fewer`)
  .optional()
  .describe(
    "Only resources with this label: `key:value` (case-sensitive), or `key` for any value. If the parameter appears more than once, all must match.",
  );

/** Splits a filter at its first colon. */
function parseLabelFilter(filter: string): { readonly key: string; readonly value?: string } {
  const at = filter.indexOf(":");
  return at < 0 ? { key: filter } : { key: filter.slice(0, at), value: filter.slice(at + 1) };
}
