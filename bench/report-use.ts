/** What a measured process has used so far. This file is loaded before its program, and answers its parent's question. */
export interface Used {
  /** User and system time of all its threads. */
  readonly cpuMs: number;
  readonly peakMiB: number;
}

process.on("message", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const used: Used = { cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMiB: maxRSS / 1024 };
  process.send?.(used);
});
process.on("disconnect", () => process.exit()); // the parent is gone, and nobody else would end this
