/** A line of a difference: only in the first text, only in the second, or in both. */
export interface DifferenceLine {
  readonly kind: "removed" | "added" | "same";
  readonly text: string;
}

/** Bounds the comparisons of all differences of one page. */
export interface ComparisonBudget {
  remaining: number;
}

/**
 * Compares two texts line by line. The lines without those of kind `added` are the first text, and without those of kind
 * `removed` the second one. If the comparison exceeds the budget, what is between their common beginning and end is removed
 * and added as a whole.
 */
export function compareLines(before: string, after: string, budget: ComparisonBudget): readonly DifferenceLine[] {
  const [one, other] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < Math.min(one.length, other.length) && one[start] === other[start]) start++;
  let end = 0;
  while (end < Math.min(one.length, other.length) - start && one.at(-1 - end) === other.at(-1 - end)) end++;
  const [oneMiddle, otherMiddle] = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  return [
    ...one.slice(0, start).map(toLine("same")),
    ...compareMiddle(oneMiddle, otherMiddle, budget),
    ...one.slice(one.length - end).map(toLine("same")),
  ];
}

const toLine =
  (kind: DifferenceLine["kind"]) =>
  (text: string): DifferenceLine => ({ kind, text });

/** Finds a longest common subsequence of lines with a table of the lengths for all pairs of ends. */
function compareMiddle(
  one: readonly string[],
  other: readonly string[],
  budget: ComparisonBudget,
): readonly DifferenceLine[] {
  const cost = one.length * other.length;
  if (cost > budget.remaining) return [...one.map(toLine("removed")), ...other.map(toLine("added"))];
  budget.remaining -= cost;
  const width = other.length + 1;
  const lengths = new Uint32Array((one.length + 1) * width);
  const lengthAt = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = one.length - 1; row >= 0; row--)
    for (let column = other.length - 1; column >= 0; column--)
      lengths[row * width + column] =
        one[row] === other[column]
          ? lengthAt(row + 1, column + 1) + 1
          : Math.max(lengthAt(row + 1, column), lengthAt(row, column + 1));
  const lines: DifferenceLine[] = [];
  let [row, column] = [0, 0];
  while (row < one.length || column < other.length) {
    const [removed, added] = [one[row], other[column]];
    if (removed !== undefined && removed === added) {
      lines.push({ kind: "same", text: removed });
      row++;
      column++;
    } else if (
      removed !== undefined &&
      (added === undefined || lengthAt(row + 1, column) >= lengthAt(row, column + 1))
    ) {
      lines.push({ kind: "removed", text: removed });
      row++;
    } else {
      lines.push({ kind: "added", text: added ?? "" });
      column++;
    }
  }
  return lines;
}

/** Replaces long runs of equal lines by their number, and keeps some around each difference. */
export function collapseSameLines(lines: readonly DifferenceLine[], context = 3): readonly (DifferenceLine | number)[] {
  const isNear = lines.map(() => false);
  for (const [at, { kind }] of lines.entries())
    if (kind !== "same") isNear.fill(true, Math.max(0, at - context), at + context + 1);
  const collapsed: (DifferenceLine | number)[] = [];
  for (const [at, line] of lines.entries()) {
    const last = collapsed.at(-1);
    if (isNear[at]) collapsed.push(line);
    else if (typeof last === "number") collapsed[collapsed.length - 1] = last + 1;
    else collapsed.push(1);
  }
  return collapsed;
}
