import type { PageRequest, PageRows } from "./sqlite-page.ts";
import { type LaneOptions, ScanLane } from "./sqlite-scan-lane.ts";
import type { ScanQuestion } from "./sqlite-scan-thread.ts";

/**
 * Reads beside the event loop, in two threads: what an index answers never waits for a scan.
 */
export class ScanReader {
  readonly #lanes: Readonly<Record<ScanQuestion["way"], ScanLane>>;

  /**
   * @param path of the database file
   * @param timeMs how long one question may run
   */
  constructor(path: string, timeMs: number, waits: Pick<LaneOptions, "waitMs" | "waitingMax"> = defaultWaits) {
    const options = { path, timeMs, ...waits };
    this.#lanes = { "by-index": new ScanLane(options), scan: new ScanLane(options) };
  }

  /** @throws AppError query-too-expensive past the bound; unavailable when it is not its turn soon enough, or never */
  ask(request: PageRequest, { asks, way }: Pick<ScanQuestion, "asks" | "way">): Promise<PageRows> {
    return this.#lanes[way].ask({ request, asks, way });
  }

  /** Ends what is under way; what waits is refused as unavailable. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#lanes).map((lane) => lane.close()));
  }
}

/** Longer than two expensive questions of others take; and more than a service in its ordinary day has waiting. */
const defaultWaits = { waitMs: 5000, waitingMax: 100 };
