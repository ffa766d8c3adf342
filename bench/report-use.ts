import { readFileSync } from "node:fs";
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";

/** Resource usage of a measured process so far. This module is preloaded, and reports the usage when the parent requests it. */
export interface ResourceUse {
  /** User and system time of all threads, in milliseconds. */
  readonly cpuMs: number;
  readonly peakMiB: number;
  /** The longest time for which the event loop was held since it is watched, in milliseconds; 0 until then. */
  readonly longestHoldMs: number;
  /** The most CPU time of the main thread in such a time: without waiting for the disk and for other processes. */
  readonly longestHoldCpuMs: number;
}

/** What the parent may send: `used` requests a report, `watch` watches the event loop from now on, and reports. */
export type UsageRequest = "used" | "watch";

/** Of the timer that watches the event loop, in milliseconds. The watched process is charged for it. */
const resolutionMs = 5;
let loopDelay: IntervalHistogram | undefined;
let longestHoldCpuMs = 0;

/** Returns the CPU time of the main thread, in milliseconds (proc_pid_schedstat of Linux; elsewhere of all threads). */
function readMainThreadCpuMs(): number {
  try {
    return Number(readFileSync("/proc/self/schedstat", "latin1").split(" ")[0]) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
}

function watchMainThread(): void {
  let cpuMs = readMainThreadCpuMs();
  setInterval(() => {
    const now = readMainThreadCpuMs();
    longestHoldCpuMs = Math.max(longestHoldCpuMs, now - cpuMs);
    cpuMs = now;
  }, resolutionMs).unref();
}

process.on("message", (message: UsageRequest) => {
  if (message === "watch") {
    if (!loopDelay) {
      loopDelay = monitorEventLoopDelay({ resolution: resolutionMs });
      loopDelay.enable();
      watchMainThread();
    }
    loopDelay.reset();
    longestHoldCpuMs = 0;
  }
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const used: ResourceUse = {
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
    peakMiB: maxRSS / 1024,
    longestHoldCpuMs,
    longestHoldMs: Math.max(0, (loopDelay?.max ?? 0) / 1e6 - resolutionMs),
  };
  process.send?.(used);
});
process.on("disconnect", () => process.exit()); // the parent has exited, so this process must exit too
