/**
 * Whether a name is what a pattern of a policy speaks of, as a whole: `*` stands for any text, `?` for one character.
 * The work is at most the product of both lengths, whatever they are.
 * @param spend is told how many characters were compared; it may throw
 */
export function matchesPattern(name: string, pattern: string, spend: (steps: number) => void = free): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  let steps = 1;
  for (; at < name.length; steps++) {
    const wanted = pattern[next];
    if (wanted === "*") {
      star = next++;
      resume = at;
    } else if (wanted === "?" || wanted === name[at]) {
      at++;
      next++;
    } else if (star >= 0) {
      // The last star takes one more character; no earlier one has to be tried again.
      next = star + 1;
      at = ++resume;
    } else break;
  }
  spend(steps);
  if (at < name.length) return false;
  while (pattern[next] === "*") next++;
  return next === pattern.length;
}

/** Whether any name that begins so can be what the pattern speaks of. */
export function canMatchAfter(beginning: string, pattern: string): boolean {
  const wild = pattern.search(/[*?]/);
  const head = wild < 0 ? pattern : pattern.slice(0, wild);
  return wild < 0 ? head.startsWith(beginning) : head.startsWith(beginning) || beginning.startsWith(head);
}

function free(): void {}
