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

/** Characters of JSON that take a millisecond or more to parse, to compare, to store or to send. */
const longMin = 128 * 1024;

/** Whether so much JSON was read or is to be written that the next step waits for its own tick. @param length in characters */
export const isLong = (length: number): boolean => length >= longMin;
