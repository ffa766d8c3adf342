import { writeFileSync } from "node:fs";

/** Preloaded into a command: writes its resource usage at its end to the file that MEASURE_FILE names. */
const file = process.env["MEASURE_FILE"];
process.on("exit", () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const use = { peakMiB: maxRSS / 1024, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 };
  if (file !== undefined) writeFileSync(file, JSON.stringify(use));
});
