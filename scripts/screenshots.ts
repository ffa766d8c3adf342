/**
 * Writes screenshots of the pages of the console to screenshots/, in light and dark and at the width of a phone.
 * Run: npm run screenshots
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openConsolePages } from "../test/http/console/pages.fixture.ts";
import { startChromium } from "../test/support/chromium.ts";
import { root } from "../test/support/root.ts";

const directory = join(root, "screenshots");
const browser = await startChromium();
if (!browser) process.exit(1);
mkdirSync(directory, { recursive: true });
const pages = await openConsolePages();
for (const [scheme, width] of [
  ["light", 1280],
  ["dark", 1280],
  ["light", 390],
  ["dark", 390],
] as const) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height: 800 } });
  const page = await context.newPage();
  for (const { title, visit } of pages.list) {
    await visit(page);
    await page.screenshot({ path: join(directory, `${title}-${scheme}-${width}.png`), fullPage: true });
  }
  await context.close();
}
await pages.dispose();
await browser.close();
process.stdout.write(`Written to ${directory}\n`);
