import { memoryUsage } from "node:process";

/** What a process reports about itself, in bytes. */
export interface MemoryReport {
  readonly heapUsed: number;
  readonly external: number;
  readonly handles: number;
}

// Preloaded into the service, with --expose-gc. It reports when the parent requests it.
process.on("message", () => {
  globalThis.gc?.();
  const { heapUsed, external } = memoryUsage();
  const report: MemoryReport = { heapUsed, external, handles: process.getActiveResourcesInfo().length };
  process.send?.(report);
});
process.on("disconnect", () => process.exit()); // the parent has exited, so this process must exit too
