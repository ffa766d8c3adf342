import { type BenchRequest, type Round, runLoad, send } from "./load.ts";
import { type BenchRow, loggedRequest } from "./rows.ts";
import type { Server } from "./server.ts";
import { median, medianCpu } from "./statistics.ts";

/** What a row costs. */
export interface Cost {
  readonly rounds: readonly Round[];
  /** Median of the rounds plus the CPU that the service used afterwards, per request, in milliseconds. */
  readonly cpuMsWithLog: number;
  /** Median CPU of the floor rounds that were measured with the row, in milliseconds. */
  readonly floorMs: number;
  /** CPU of a request as a multiple of the floor. */
  readonly floorMultiple: number;
  /** Requests that were sent to the service for the row. */
  readonly requestCount: number;
}

/** What of a row is needed to measure it. */
export type MeasuredRow = Pick<BenchRow, "nextRequest" | "requests">;

/** How long a measurement takes. */
export interface MeterOptions {
  /** Rounds of a row. */
  readonly rounds: number;
  /** Rounds of the row and of the floor before the first measurement. */
  readonly warmRounds: number;
  /** The time after the rounds whose CPU counts, in milliseconds; 0 leaves it out. */
  readonly settleMs: number;
  /** The part of the requests of a row that is sent: 1, or less for a short run. */
  readonly requestsFactor: number;
}

/** Requests in a round of the floor, which then takes about as long as a round of a row. */
const floorRequests = 1000;
/** The request to the floor. */
export const floorRequest: BenchRequest = {
  method: "GET",
  path: "/",
  headers: {},
  status: 200,
  expectedText: "Hello World!",
};

/** Measures the CPU time of requests, compared with that of the floor in the same minutes. */
export class Meter {
  /** All rounds of the floor so far. */
  readonly floorRounds: Round[] = [];
  readonly #floor: Server;
  readonly #options: MeterOptions;

  constructor(floor: Server, options: MeterOptions) {
    this.#floor = floor;
    this.#options = options;
  }

  /** V8 optimizes during the first thousands of requests of a kind; afterwards their cost is stable. */
  async warmUp(service: Server, rows: readonly MeasuredRow[]): Promise<void> {
    for (let round = 0; round < this.#options.warmRounds; round++) {
      await this.#measureFloorRound();
      for (const { nextRequest, requests } of rows) await runLoad(service.port, nextRequest, this.#scale(requests));
    }
    await this.#settle();
  }

  /**
   * Alternates rounds of the floor and of the row, and compares each round of the row with the floor rounds before and after
   * it, so that a temporary slowdown of the machine affects both. The CPU that the service uses afterwards, mainly for
   * writing its logs, is added.
   * @param secret a token with access to the request log
   * @param times how often all of that is repeated
   */
  async measure(service: Server, row: MeasuredRow, secret: string, times: number): Promise<Cost> {
    const { rounds } = this.#options;
    const requests = this.#scale(row.requests);
    const rowRounds: Round[] = [];
    const surroundingFloorRounds: Round[] = [];
    const ratios: number[] = [];
    const afterwardsMs: number[] = [];
    for (let time = 0; time < times; time++) {
      await this.#waitForLogFlush(service, secret);
      let before = await this.#measureFloorRound();
      surroundingFloorRounds.push(before);
      for (let round = 0; round < rounds; round++) {
        const each = await measureRound(service, row.nextRequest, requests);
        const after = await this.#measureFloorRound();
        ratios.push(each.cpuMs / ((before.cpuMs + after.cpuMs) / 2));
        rowRounds.push(each);
        surroundingFloorRounds.push(after);
        before = after;
      }
      const { cpuMs } = await service.readUse();
      await this.#settle();
      afterwardsMs.push(((await service.readUse()).cpuMs - cpuMs) / (requests * rounds));
    }
    this.floorRounds.push(...surroundingFloorRounds);
    const floorMs = medianCpu(surroundingFloorRounds);
    const afterMs = median(afterwardsMs);
    return {
      rounds: rowRounds,
      cpuMsWithLog: medianCpu(rowRounds) + afterMs,
      floorMs,
      floorMultiple: median(ratios) + afterMs / floorMs,
      requestCount: requests * rounds * times,
    };
  }

  /** Measures a row whose requests can be sent only once, sequentially over one connection. */
  async measureOnce(service: Server, row: MeasuredRow): Promise<Cost> {
    this.floorRounds.push(await this.#measureFloorRound());
    const single = await measureRound(service, row.nextRequest, row.requests, 1);
    const floorMs = medianCpu(this.floorRounds);
    return {
      ...{ rounds: [single], cpuMsWithLog: single.cpuMs, floorMs, floorMultiple: single.cpuMs / floorMs },
      requestCount: row.requests,
    };
  }

  /** Waits until the service has just written its request log, so that the next write falls after the rounds. */
  async #waitForLogFlush(service: Server, secret: string): Promise<void> {
    if (this.#options.settleMs === 0) return;
    const { request, logQuery } = loggedRequest(secret);
    await send(service.port, request);
    while (!(await send(service.port, logQuery)).text.includes(logQuery.expectedText)) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  #measureFloorRound(): Promise<Round> {
    return measureRound(this.#floor, () => floorRequest, this.#scale(floorRequests));
  }

  #scale(requests: number): number {
    return Math.ceil(requests * this.#options.requestsFactor);
  }

  #settle(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.#options.settleMs));
  }
}

/** Sends one round of requests. @param clients number of connections */
export async function measureRound(
  server: Server,
  nextRequest: BenchRow["nextRequest"],
  requests: number,
  clients?: number,
): Promise<Round> {
  const before = await server.readUse();
  const latenciesMs = await runLoad(server.port, nextRequest, requests, clients);
  const after = await server.readUse();
  return { cpuMs: (after.cpuMs - before.cpuMs) / requests, latenciesMs };
}
