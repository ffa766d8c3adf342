import { setImmediate as yieldToEventLoop } from "node:timers/promises";

let previous: Promise<void> = Promise.resolve();

/**
 * Waits for an iteration of the event loop in which no other caller of this function resumes. Work that takes
 * milliseconds calls it before each step, so that many such steps at once do not hold the event loop for their sum.
 */
export function waitForOwnTick(): Promise<void> {
  previous = previous.then(() => yieldToEventLoop());
  return previous;
}

/** How long steps may hold the event loop, in milliseconds, before the next one waits for its own tick. */
const holdMsMax = 10;

/**
 * Waits for its own tick if the steps since the last wait took long. For steps whose cost only their time shows.
 * @param resumedAt the time at which the event loop was last free, in milliseconds
 * @returns the same for the next step
 */
export async function waitIfHeld(resumedAt: number): Promise<number> {
  if (performance.now() - resumedAt < holdMsMax) return resumedAt;
  await waitForOwnTick();
  return performance.now();
}

/** Characters of JSON that take a millisecond or more to parse, to compare, to store or to send. */
const longMin = 128 * 1024;

/** Whether so much JSON was read or is to be written that the next step waits for its own tick. @param length in characters */
export const isLong = (length: number): boolean => length >= longMin;
