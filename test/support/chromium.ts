import { tmpdir } from "node:os";
import { type Browser, chromium } from "playwright-core";
import { findChromium } from "./chromium-binary.ts";

/**
 * Starts Chromium. Prints one line that names it, or the reason why there is none.
 * @returns undefined if there is none, so that the suite must be skipped
 * @throws Error in CI if there is none, because a skipped suite must not look like a passed one
 */
export async function startChromium(): Promise<Browser | undefined> {
  const binary = await findChromium();
  const logLine = (line: string): void => void process.stderr.write(`Chromium for the tests: ${line}\n`);
  if (typeof binary === "string") {
    logLine(`none, because ${binary}. Its suite is skipped. To run it, set TEST_CHROMIUM to an executable.`);
    if (process.env["CI"] === "true") throw new Error("no Chromium is available; in CI, its suite must not be skipped");
    return undefined;
  }
  logLine(`${binary.path} (${binary.origin})`);
  return chromium.launch({
    executablePath: binary.path,
    chromiumSandbox: false, // does not work for root, and the tests open only pages of this service
    env: { PATH: process.env["PATH"] ?? "", HOME: tmpdir(), ...binary.environment },
  });
}
