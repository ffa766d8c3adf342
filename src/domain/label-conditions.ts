import { catalogLabelsPath, groupLabelsPath } from "../store/collections.ts";
import { hasLabels } from "../store/label-terms.ts";
import type { Condition } from "../store/query.ts";

/** Returns the condition of catalog resources that have all of these labels, each as `key` or `key:value`. */
export const catalogHasLabels = (filters: readonly string[]): Condition => hasLabels(catalogLabelsPath, filters);

/** Returns the condition of groups that have all of these labels. */
export const groupHasLabels = (filters: readonly string[]): Condition => hasLabels(groupLabelsPath, filters);
