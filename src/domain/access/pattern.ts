/**
 * Whether a pattern of a policy matches the whole name. `*` matches any string, `?` matches one character. The number
 * of comparisons is at most the product of both lengths.
 * @param spend receives the number of comparisons; it may throw
 */
export function matchesPattern(name: string, pattern: string, spend: (steps: number) => void = noop): boolean {
  let nameIndex = 0;
  let patternIndex = 0;
  let starIndex = -1;
  let resumeIndex = 0;
  let steps = 1;
  for (; nameIndex < name.length; steps++) {
    const patternChar = pattern[patternIndex];
    if (patternChar === "*") {
      starIndex = patternIndex++;
      resumeIndex = nameIndex;
    } else if (patternChar === "?" || patternChar === name[nameIndex]) {
      nameIndex++;
      patternIndex++;
    } else if (starIndex >= 0) {
      // Let the last star match one more character. Earlier stars need no backtracking.
      patternIndex = starIndex + 1;
      nameIndex = ++resumeIndex;
    } else break;
  }
  spend(steps);
  if (nameIndex < name.length) return false;
  while (pattern[patternIndex] === "*") patternIndex++;
  return patternIndex === pattern.length;
}

/** Whether the pattern can match any name that starts with the prefix. */
export function canMatchWithPrefix(prefix: string, pattern: string): boolean {
  const wildcardIndex = pattern.search(/[*?]/);
  const literal = wildcardIndex < 0 ? pattern : pattern.slice(0, wildcardIndex);
  return wildcardIndex < 0 ? literal.startsWith(prefix) : literal.startsWith(prefix) || prefix.startsWith(literal);
}

function noop(): void {}
