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
