/**
 * In which order the operations of a bulk are carried out, so that what they refer to is there (RFC 7644 section
 * 3.7.2). Only creations move, to right before the first operation that refers to them; all others stay in the order
 * in which they were sent. Takes time linear in operations and references.
 * @param references of each operation, by bulkId
 * @param creators which operation creates what a bulkId names
 * @returns the operations in rounds. What an operation refers to comes before it, but for those that refer to each
 *   other in a circle: they are all in one round
 */
export function roundsOf(
  references: readonly ReadonlySet<string>[],
  creators: ReadonlyMap<string, number>,
): readonly (readonly number[])[] {
  const reached = new Set<number>();
  const place = (at: number, round: number[]): number[] => {
    if (reached.has(at)) return round;
    reached.add(at);
    for (const bulkId of references[at] ?? []) {
      const creator = creators.get(bulkId);
      if (creator !== undefined) place(creator, round);
    }
    round.push(at);
    return round;
  };
  return references.map((_, at) => place(at, [])).filter((round) => round.length > 0);
}
