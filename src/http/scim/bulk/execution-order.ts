/**
 * Orders the operations of a bulk request so that each resource is created before another operation refers to it (RFC
 * 7644 section 3.7.2). Only creations move, to directly before the first operation that refers to them; all others keep
 * the order of the request. Takes time linear in operations and references.
 * @param references bulkIds that each operation refers to
 * @param creators index of the operation that creates the resource of a bulkId
 * @returns the indexes in rounds. Operations come after everything that they refer to; those in a cycle of references
 *   share one round
 */
export function buildExecutionRounds(
  references: readonly ReadonlySet<string>[],
  creators: ReadonlyMap<string, number>,
): readonly (readonly number[])[] {
  const visited = new Set<number>();
  const visit = (index: number, round: number[]): number[] => {
    if (visited.has(index)) return round;
    visited.add(index);
    for (const bulkId of references[index] ?? []) {
      const creator = creators.get(bulkId);
      if (creator !== undefined) visit(creator, round);
    }
    round.push(index);
    return round;
  };
  return references.map((_, index) => visit(index, [])).filter((round) => round.length > 0);
}
