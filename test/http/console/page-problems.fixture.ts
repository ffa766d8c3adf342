import type { Page } from "playwright-core";

/** Records violations of the policy, errors of scripts and lines of the console. */
export async function recordProblems(page: Page): Promise<readonly string[]> {
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
