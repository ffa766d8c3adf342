/** Something that gathers in memory what need not be written on a request's way. */
export interface Gathering {
  /** Writes what has gathered. What could not be written stays gathered, within its bounds. */
  flush(): Promise<void>;
}

/**
 * Flushes every few seconds, one after another and never two at once.
 * @param onError told of what could not be written; it is tried again at the next turn
 * @returns stop, which flushes for the last time
 */
export function flushEvery(
  intervalMs: number,
  gatherings: readonly Gathering[],
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  let running: Promise<void> | undefined;
  const flushAll = async (): Promise<void> => {
    for (const each of gatherings) await each.flush().catch(onError);
  };
  const timer = setInterval(() => {
    running ??= flushAll().finally(() => {
      running = undefined;
    });
  }, intervalMs);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
      await flushAll();
    },
  };
}
