import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { startChromium } from "../../support/chromium.ts";

/** A page in a context of its own, without the cookies of others. */
export interface OpenedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Violations of the policy, errors of scripts and lines of the console until now; without JavaScript there are none. */
  readonly problems: readonly string[];
}

/** Opens a page. It is closed after the test. */
export type OpenPage = (options?: BrowserContextOptions) => Promise<OpenedPage>;

/** Declares a suite that runs in Chromium. It is skipped if there is none, see {@link startChromium}. */
export function describeInChromium(title: string, define: (openPage: OpenPage) => void): void {
  describe(title, function () {
    this.timeout(180_000); // the first run may download Chromium
    let browser: Browser | undefined;
    before(async function () {
      browser = await startChromium();
      if (!browser) this.skip();
    });
    afterEach(() => Promise.all(browser?.contexts().map((context) => context.close()) ?? []));
    after(() => browser?.close());

    define(async (options = {}) => {
      if (!browser) throw new Error("Chromium is not running");
      const context = await browser.newContext(options);
      const page = await context.newPage();
      return { page, context, problems: options.javaScriptEnabled === false ? [] : await recordProblems(page) };
    });
  });
}

async function recordProblems(page: Page): Promise<readonly string[]> {
  const problems: string[] = [];
  page.on("console", (message) => void (message.type() === "error" && problems.push(message.text())));
  page.on("pageerror", (error) => void problems.push(String(error)));
  await page.exposeFunction("reportViolation", (text: string) => void problems.push(text));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      const { reportViolation } = globalThis as unknown as { reportViolation(text: string): void };
      reportViolation(`${violatedDirective} ${blockedURI}`);
    });
  });
  return problems;
}
