import type { Log } from "../../log.ts";

/** In milliseconds. Expiry times and rate limits of the replicas differ by as much. */
const skewMsMax = 1000;

/**
 * Warns if the clock of this process differs from that of the server by more than a second, beyond what the duration of
 * the request explains. All replicas use the same server, so that two with different clocks are found too.
 * @param serverTime the time in the server's response
 * @param sentAt when the request was sent, in milliseconds since the epoch
 * @param receivedAt when the response was received
 */
export function reportClockSkew(serverTime: unknown, sentAt: number, receivedAt: number, log: Log | undefined): void {
  if (!(serverTime instanceof Date)) return;
  const server = serverTime.getTime();
  // The server read its clock between the two times.
  const aheadMs = server < sentAt ? sentAt - server : Math.min(receivedAt - server, 0);
  if (Math.abs(aheadMs) <= skewMsMax) return;
  log?.warn(
    "The clocks of this machine and of MongoDB differ. Synchronize them: tokens expire by the clock of each replica.",
    { aheadMs },
  );
}
