/**
 * Writes screenshots of the pages of the console to screenshots/, in light and dark and at the width of a phone. With the
 * argument --docs, it writes the pictures of the documentation to docs/images/ instead.
 * Run: npm run screenshots
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openConsolePages } from "../test/http/console/pages.fixture.ts";
import { startChromium } from "../test/support/chromium.ts";
import { root } from "../test/support/root.ts";

const isForDocs = process.argv.includes("--docs");
const directory = join(root, isForDocs ? "docs/images" : "screenshots");
/** The pages that the documentation shows, from the top to the height of a screen. */
const documented = ["overview", "tokens", "created", "provisioning", "audit-event", "setup-okta"];
const variants = isForDocs
  ? ([["light", 1200]] as const)
  : ([
      ["light", 1280],
      ["dark", 1280],
      ["light", 390],
      ["dark", 390],
    ] as const);

const browser = await startChromium();
if (!browser) process.exit(1);
mkdirSync(directory, { recursive: true });
const pages = await openConsolePages();
for (const [colorScheme, width] of variants) {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: isForDocs ? 600 : 800 } });
  const page = await context.newPage();
  for (const { title, visit } of pages.list) {
    await visit(page);
    const name = isForDocs ? `console-${title}` : `${title}-${colorScheme}-${width}`;
    if (isForDocs && !documented.includes(title)) continue;
    await page.screenshot({ path: join(directory, `${name}.png`), fullPage: !isForDocs });
  }
  await context.close();
}
await pages.dispose();
await browser.close();
process.stdout.write(`Written to ${directory}\n`);
