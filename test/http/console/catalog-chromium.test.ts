import { expect } from "chai";
import { sendResult, startUpstream, stateless, type TestUpstream } from "../../domain/upstream/upstream.fixture.ts";
import { type Service, startService } from "../../support/service.ts";
import { describeInChromium } from "./chromium-suite.fixture.ts";
import { signInInBrowser } from "./pages.fixture.ts";

describeInChromium("The catalog of /console in Chromium", (openPage) => {
  let service: Service;
  let upstream: TestUpstream;
  let offered: readonly object[] = [];
  before(async () => {
    upstream = await startUpstream(stateless((message, res) => sendResult(res, message, { tools: offered })));
    service = await startService({ environment: { UPSTREAM_ALLOW: "127.0.0.1" } });
  });
  after(async () => {
    await service?.dispose();
    await upstream?.close();
  });

  it("creates a server, approves its tools, denies one, and shows a skill, without a violation or an error", async () => {
    const { page, problems } = await openPage();
    const url = `http://127.0.0.1:${service.port}/console`;
    const { secret } = await service.issueToken({ name: "Platform", scopes: ["all"] });
    const admin = service.clientWithSecret(secret);
    await signInInBrowser(page, url, secret);

    await page.getByRole("link", { name: "Catalog", exact: true }).click();
    await page.getByRole("link", { name: "Create MCP server" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Jira <b>Cloud</b>");
    await page.getByLabel("Slug", { exact: true }).fill("jira");
    expect(await page.getByLabel("Command", { exact: true }).isVisible(), "a field of stdio").to.equal(false);
    await page.getByLabel("URL", { exact: true }).fill(upstream.url);
    await page.getByLabel("Everyone in the organization").check();
    await page.getByRole("button", { name: "Create MCP server" }).click();
    await page.getByRole("heading", { name: "Jira <b>Cloud</b>" }).waitFor();

    const hidden = "Finds issues\u200b";
    offered = [{ name: "search", description: hidden, annotations: { readOnlyHint: true } }, { name: "delete_issue" }];
    await page.getByRole("button", { name: "Compare with the server" }).click();
    await page.getByText("contains invisible characters").waitFor();
    await page.getByRole("checkbox", { name: "delete_issue" }).check();
    await page.getByRole("button", { name: "Approve the selected changes" }).click();
    await page.getByRole("heading", { name: "Jira <b>Cloud</b>" }).waitFor();
    expect(await page.getByRole("link", { name: "search", exact: true }).count()).to.equal(0);
    await page.getByRole("button", { name: "Activate" }).click();
    await page.getByText("active", { exact: true }).waitFor();

    await page.getByRole("link", { name: "Policies", exact: true }).click();
    await page.getByRole("link", { name: "Create policy" }).click();
    await page.getByLabel("Name", { exact: true }).fill("No deletes");
    await page.getByLabel("Slug", { exact: true }).fill("no-deletes");
    await page.getByLabel("Tools", { exact: true }).fill("delete_*");
    await page.getByLabel("Everyone in the organization").check();
    await page.getByRole("button", { name: "Show which tools match" }).click();
    await page.getByText("1 tool of 1 compared server matches").waitFor();
    await page.getByRole("button", { name: "Create policy" }).click();
    await page.getByRole("heading", { name: "No deletes" }).waitFor();
    await page.getByRole("link", { name: "Jira <b>Cloud</b>" }).click();
    await page.getByRole("link", { name: "No deletes" }).first().waitFor();

    await page.goto(`${url}/catalog/skills/_new`);
    await page.getByLabel("Name", { exact: true }).fill("Guide");
    await page.getByLabel("Slug", { exact: true }).fill("guide");
    const content = "\n# Steps\n\n<img src=x onerror=alert(1)> [x](javascript:alert(1)) [y](https://example.com/)\n";
    await page.getByLabel("Content", { exact: true }).fill(content);
    await page.getByRole("button", { name: "Create skill" }).click();
    await page.getByRole("heading", { name: "Steps" }).waitFor();
    expect(await page.locator("main img, main script").count()).to.equal(0);
    expect(
      await page.locator(".markdown a").evaluateAll((links) => links.map((link) => link.getAttribute("href"))),
    ).to.deep.equal(["https://example.com/"]);
    await page.getByRole("link", { name: "Edit" }).click();
    expect(await page.getByLabel("Content", { exact: true }).inputValue()).to.equal(content);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Steps" }).waitFor();
    expect((await admin.get("/api/skills/guide").expect(200)).body).to.include({ version: 1, content });

    await page.getByRole("link", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete permanently" }).click();
    await page.getByText("No skill matches.").waitFor();
    expect(problems).to.deep.equal([]);
  });
});
