import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults, RunOptions } from "axe-core";
import { expect } from "chai";
import type { Page, Response } from "playwright-core";
import { trackSecret } from "../../support/secrets.ts";
import { describeInChromium } from "./chromium-suite.fixture.ts";
import { findConsolePath } from "./console-paths.fixture.ts";
import { type ConsolePages, openConsolePages, signInInBrowser } from "./pages.fixture.ts";

/** Paths that send a file or a redirect, or whose page is only shown after an error. */
const pathsWithoutPage = [
  ...["console.css", "console.js", "icon.svg"].map((name) => `/console/assets/${name}`),
  "/console/audit/export",
  "/console/catalog",
  "/console/sign-in/:slug/callback",
];

/** How a page is looked at. Of the rules of axe, only that of the contrast depends on the colors. */
interface Appearance {
  readonly name: string;
  readonly colorScheme: "light" | "dark";
  /** Of the screen, in pixels. */
  readonly width: number;
  /** The rules of axe to check; absent: all. */
  readonly rules?: readonly string[];
}

const appearances: readonly Appearance[] = [
  { name: "in light", colorScheme: "light", width: 1280 },
  { name: "in dark", colorScheme: "dark", width: 1280, rules: ["color-contrast"] },
  { name: "at the width of a phone, in dark", colorScheme: "dark", width: 390 },
];

describeInChromium("/console in Chromium", (openPage) => {
  let pages: ConsolePages;
  before(async () => {
    pages = await openConsolePages();
  });
  after(() => pages?.dispose());

  it("signs in, creates, copies, reloads, rotates, disables and revokes without a violation or an error", async () => {
    const { page, context, problems } = await openPage({ permissions: ["clipboard-read", "clipboard-write"] });
    const { url, secret, service } = pages;
    await page.goto(`${url}/tokens`);
    expect(page.url()).to.equal(`${url}/sign-in?return=%2Ftokens`);
    await signInInBrowser(page, url, secret);
    const [cookie] = await context.cookies(url);
    expect(cookie).to.include({ httpOnly: true, secure: true, sameSite: "Strict", path: "/" });

    await page.getByRole("link", { name: "Create a token" }).click();
    await page.getByLabel("Name", { exact: true }).fill("<b>browser</b>");
    await page.getByLabel("admin", { exact: true }).check();
    await page.locator("#scope-admin-write").check();
    expect(await page.locator(".is-admin-read .included").isVisible(), "the implied scope").to.equal(true);
    expect(await page.locator(".is-all .included").isVisible()).to.equal(false);
    await page.getByLabel("Name", { exact: true }).press("Enter");
    await page.getByText("It will not be shown again").waitFor();
    const shown = trackSecret((await page.locator("#secret").textContent()) ?? "");
    await page.locator('button[data-copy="secret"]').click();
    await page.getByText("Copied").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).to.equal(shown);
    const created = service.clientWithSecret(shown);
    const { id } = (await created.get("/api/whoami").expect(200)).body.token;

    await page.reload();
    await page.getByText("submitted already").waitFor();
    expect(await page.content()).to.not.contain(shown);
    await page.goto(`${url}/tokens`);
    expect(await page.getByRole("link", { name: "<b>browser</b>" }).count()).to.equal(1);

    await page.getByRole("link", { name: "<b>browser</b>" }).click();
    await page.getByRole("link", { name: "Rotate" }).click();
    await page.getByLabel("Not at all").check();
    await page.getByRole("button", { name: "Rotate" }).click();
    await page.getByText("It will not be shown again").waitFor();
    const rotated = trackSecret((await page.locator("#secret").textContent()) ?? "");
    await created.get("/api/whoami").expect(401);
    await service.clientWithSecret(rotated).get("/api/whoami").expect(200);
    await page.goBack();
    expect(await page.content()).to.not.contain(rotated);

    await page.goto(`${url}/tokens/${id}`);
    await page.getByRole("button", { name: "Disable" }).click();
    await page.getByRole("button", { name: "Enable" }).waitFor();
    await service.clientWithSecret(rotated).get("/api/whoami").expect(401);
    await page.getByRole("link", { name: "Revoke" }).click();
    await page.getByRole("button", { name: "Revoke permanently" }).click();
    await page.getByText("revoked", { exact: true }).waitFor();
    expect(await page.getByRole("link", { name: "Rotate" }).count()).to.equal(0);

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("You are signed out.").waitFor();
    await page.goBack();
    await page.goto(`${url}/tokens/${id}`);
    expect(page.url()).to.equal(`${url}/sign-in?return=%2Ftokens%2F${id}`);
    // Chromium logs the 409 of the reload as an error.
    expect(problems.filter((each) => !each.includes("status of 409"))).to.deep.equal([]);
  });

  it("does not send the session to a page of another site, and rejects the forms of another port", async () => {
    const { page } = await openPage();
    const { url, secret, service } = pages;
    await signInInBrowser(page, url, secret);
    const { id } = await service.issueToken({ name: "attacked", scopes: ["admin:read"] });
    const statuses: number[] = [];
    page.on("response", (response) => void (response.url().startsWith(url) && statuses.push(response.status())));
    // 127.0.0.1 on another port is the same site, localhost another one. Both show a page of the attacker.
    for (const origin of ["http://127.0.0.1:1", "http://localhost:1"]) {
      await page.route(`${origin}/**`, (route) =>
        route.fulfill({
          contentType: "text/html",
          body: `<form method="post" action="${url}/tokens/${id}/revoke"><button>Win a prize</button></form>`,
        }),
      );
      statuses.length = 0;
      await page.goto(`${origin}/`);
      await page.getByRole("button").click();
      await page.getByText("another origin").waitFor();
      expect(statuses, origin).to.include(403);
    }
    const { token } = { token: await service.domain.tokens.get(service.organizationId, id) };
    expect(token.revokedAt).to.equal(undefined);
  });

  it("prevents a script from inserting HTML, and a frame", async () => {
    const { page } = await openPage();
    await page.goto(`${pages.url}/sign-in`);
    const error = await page.evaluate(() => {
      try {
        document.body.innerHTML = "<b>inserted</b>";
        return "";
      } catch (caught) {
        return String(caught);
      }
    });
    expect(error).to.contain("TrustedHTML");
    await page.route("http://127.0.0.1:1/**", (route) =>
      route.fulfill({ contentType: "text/html", body: `<iframe src="${pages.url}/sign-in"></iframe>` }),
    );
    await page.goto("http://127.0.0.1:1/");
    const frame = page.frames().find((each) => each !== page.mainFrame());
    expect(await frame?.getByLabel("Token").count()).to.equal(0);
  });

  it("works without JavaScript", async () => {
    const { page } = await openPage({ javaScriptEnabled: false });
    for (const { title, visit } of pages.list) {
      await visit(page);
      if (title !== "created") continue;
      trackSecret((await page.locator("#secret").textContent()) ?? "");
      expect(await page.locator("button[data-copy]").first().isVisible()).to.equal(false);
    }
  });

  it("has no serious accessibility error in light, dark and at the width of a phone, and no page is wider than the screen", async () => {
    // axe changes the page while it measures, which the policy would report.
    const { page } = await openPage({ bypassCSP: true });
    const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    let opened: Response | undefined;
    page.on("response", (response) => {
      if (response.request().isNavigationRequest() && response.frame() === page.mainFrame()) opened = response;
    });
    const unvisited = new Set(pages.paths);
    for (const { title, visit } of pages.list) {
      await visit(page);
      if (opened?.request().method() === "GET" && opened.ok())
        unvisited.delete(findConsolePath(pages.paths, opened.url()) ?? "");
      await page.addScriptTag({ content: axe });
      for (const { name, rules, width, colorScheme } of appearances) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        expect(await findSeriousViolations(page, rules), `${title} ${name}`).to.deep.equal([]);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(overflow, `${title} ${name} overflows`).to.equal(0);
      }
      // A label belongs to the first element with the id.
      const ids = await page.locator("[id]").evaluateAll((elements) => elements.map(({ id }) => id));
      expect(ids, `ids of ${title}`).to.deep.equal([...new Set(ids)]);
    }
    expect([...unvisited], "pages that no visit opens").to.have.members(pathsWithoutPage);
  });
});

async function findSeriousViolations(page: Page, rules: Appearance["rules"]): Promise<readonly object[]> {
  const violations = await page.evaluate(async (runOnly) => {
    const { axe } = globalThis as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } };
    const results = await axe.run({ resultTypes: ["violations"], ...(runOnly && { runOnly: [...runOnly] }) });
    return results.violations.map(({ id, impact, nodes }) => ({ id, impact, html: nodes[0]?.html }));
  }, rules);
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical");
}
