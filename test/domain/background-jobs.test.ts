import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { type BackgroundJob, type JobRun, startBackgroundJobs } from "../../src/domain/background-jobs.ts";
import { storeUnavailable } from "../../src/errors.ts";
import { createLog } from "../../src/log.ts";

describe("startBackgroundJobs", () => {
  let lines: { readonly level: string; readonly message: string; readonly [field: string]: unknown }[];
  let log: ReturnType<typeof createLog>;
  beforeEach(() => {
    lines = [];
    const stream = new PassThrough();
    stream.on("data", (chunk) => lines.push(JSON.parse(chunk)));
    log = createLog("info", stream);
  });
  const until = async (isReached: () => boolean): Promise<void> => {
    while (!isReached()) await delay(1);
  };
  const job = (name: string, run: BackgroundJob["run"], kind: BackgroundJob["kind"] = "buffer"): BackgroundJob => ({
    name,
    intervalMs: 5,
    kind,
    run,
  });

  it("runs each job on a timer of its own, so that a long run delays no other job", async () => {
    let release: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    let runs = 0;
    const jobs = startBackgroundJobs(
      [
        job("long", () => blocked, "maintenance"),
        job("short", async () => {
          runs++;
        }),
      ],
      log,
    );
    await until(() => runs >= 5);
    release();
    await jobs.stop();
  });

  it("never runs a job twice at the same time", async () => {
    let running = 0;
    let runs = 0;
    let max = 0;
    const slow = job("slow", async () => {
      max = Math.max(max, ++running);
      await delay(20);
      running--;
      runs++;
    });
    const jobs = startBackgroundJobs([slow], log);
    await until(() => runs >= 3);
    await jobs.stop();
    expect(max).to.equal(1);
  });

  it("ends a run of a maintenance job after its budget, and continues in the next run", async () => {
    let batches = 0;
    let runs = 0;
    const endless = job(
      "endless",
      async (isOver) => {
        runs++;
        for (; !isOver(); batches++) await delay(10);
      },
      "maintenance",
    );
    const jobs = startBackgroundJobs([endless], log);
    await until(() => runs === 2);
    expect(batches).to.be.greaterThan(0);
    await jobs.stop();
  });

  it("writes the buffers at stop before it waits for maintenance jobs, which end at their next batch", async () => {
    const order: string[] = [];
    let isRunning = false;
    const jobs = startBackgroundJobs(
      [
        job(
          "maintenance",
          async (isOver) => {
            isRunning = true;
            while (!isOver()) await delay(50);
            order.push("maintenance");
          },
          "maintenance",
        ),
        { ...job("buffer", async () => void order.push("buffer")), intervalMs: 60_000 },
      ],
      log,
    );
    await until(() => isRunning);
    await jobs.stop();
    expect(order).to.deep.equal(["buffer", "maintenance"]);
  });

  it("logs an outage of the store in one line with the first failing job, and one summary when all jobs succeed", async () => {
    let isOut = true;
    let runs = 0;
    const write = async (): Promise<void> => {
      runs++;
      if (isOut) throw storeUnavailable(new Error("no primary"));
    };
    const jobs = startBackgroundJobs([job("first", write), job("second", write)], log);
    await until(() => runs >= 10);
    isOut = false;
    await until(() => lines.length >= 2);
    await jobs.stop();
    expect(lines.map(({ level, message }) => [level, message])).to.deep.equal([
      ["warn", "a background job cannot reach the store; all jobs are retried"],
      ["info", "background jobs reach the store again"],
    ]);
    expect(lines[0]).to.include({ job: "first" });
    expect(lines[1]?.["failedRuns"]).to.be.greaterThan(9);
  });

  it("reports each run to the observer, with its time and whether it succeeded", async () => {
    const runs: JobRun[] = [];
    const fail = (): Promise<void> => Promise.reject(new Error("defect"));
    const jobs = startBackgroundJobs([job("works", () => delay(2)), job("fails", fail)], log, (run) => runs.push(run));
    await until(() => ["works", "fails"].every((name) => runs.some((run) => run.job === name)));
    await jobs.stop();
    for (const { job: name, isSuccess, seconds } of runs) {
      expect(isSuccess).to.equal(name === "works");
      expect(seconds).to.be.within(name === "works" ? 0.001 : 0, 10);
    }
  });

  it("logs another error once for each job, with its name, and reports the jobs that never succeeded at stop", async () => {
    let runs = 0;
    const fail = async (): Promise<void> => {
      runs++;
      throw new Error("defect");
    };
    const jobs = startBackgroundJobs([job("first", fail), job("second", fail)], log);
    await until(() => runs >= 8);
    await jobs.stop();
    expect(lines.map(({ level, job: name, jobs: names }) => [level, name ?? names])).to.deep.equal([
      ["warn", "first"],
      ["warn", "second"],
      ["error", ["first", "second"]],
    ]);
  });
});
