/** Counts the event loop's iterations while `work` runs. */
export async function countTurnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let next: NodeJS.Immediate;
  const turn = (): void => {
    turns++;
    next = setImmediate(turn);
  };
  next = setImmediate(turn);
  await work().finally(() => clearImmediate(next));
  return turns;
}
