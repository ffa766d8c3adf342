import { expect } from "chai";
import { trackSecret } from "../../support/secrets.ts";
import { type Service, startService } from "../../support/service.ts";
import { describeInChromium } from "./chromium-suite.fixture.ts";
import { signInInBrowser } from "./pages.fixture.ts";

describeInChromium("An identity admin in Chromium", (openPage) => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service?.dispose());

  for (const javaScriptEnabled of [true, false])
    it(`connects Okta and sees its connection test arrive, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async () => {
      const { page, problems } = await openPage({ javaScriptEnabled });
      const { secret } = await service.issueToken({ name: "Identity admin", scopes: ["all"] });
      const url = `http://127.0.0.1:${service.port}/console`;
      await signInInBrowser(page, url, secret);
      await page.getByRole("link", { name: "Set up" }).click();
      await page.getByRole("link", { name: "Okta" }).click();
      await page.getByRole("link", { name: "Create token" }).click();
      await page.getByRole("button", { name: "Create token" }).click();
      await page.getByText("It will not be shown again").waitFor();
      const token = trackSecret((await page.locator("#secret").textContent()) ?? "");

      await page.goto(`${url}/setup/okta`);
      await page.getByRole("button", { name: "Wait for the first request" }).click();
      await page.getByRole("heading", { name: "Waiting for a request of Okta" }).waitFor();
      const scim = service.clientWithSecret(token);
      await scim.get("/scim/v2/Users").query({ startIndex: 1, count: 2 }).expect(200);
      await page.getByRole("heading", { name: "A request of Okta has arrived" }).waitFor();
      expect(await page.getByRole("link", { name: "/scim/v2/Users" }).count()).to.equal(1);
      await page.getByRole("link", { name: "Stop reloading" }).click();
      await page.getByRole("link", { name: "Wait for the next request" }).waitFor();
      expect(problems).to.deep.equal([]);
    });

  it("finds the reason of a failure, declares the ignored attribute, and follows the change in the audit log", async () => {
    const { page, problems } = await openPage();
    const { secret } = await service.issueToken({ name: "Identity admin", scopes: ["all"] });
    const scim = await service.clientWithScopes(["admin:scim"]);
    await scim.post("/scim/v2/Users").send({ userName: "ada", badgeNumber: "7", active: "perhaps" }).expect(400);
    const url = `http://127.0.0.1:${service.port}/console`;
    await signInInBrowser(page, url, secret);
    await page.goto(`${url}/provisioning/requests?rejected=true`);
    while ((await page.getByRole("link", { name: "POST /scim/v2/Users" }).count()) === 0) await page.reload();
    await page.getByRole("link", { name: "POST /scim/v2/Users" }).click();
    await page.getByText("active must be true or false.").first().waitFor();
    expect(await page.getByText("badgeNumber").count()).to.be.greaterThan(0);

    await page.goto(`${url}/provisioning/extensions/new`);
    await page.getByLabel("URN").fill("urn:example:scim:2.0:Badge");
    await page.getByLabel("Attributes (JSON)").fill('[{ "name": "userName" }]');
    await page.getByRole("button", { name: "Create schema" }).click();
    await page.getByText("core attribute userName").first().waitFor();
    await page.getByLabel("Attributes (JSON)").fill('[{ "name": "badgeNumber", "indexed": true }]');
    await page.getByRole("button", { name: "Create schema" }).click();
    await page.getByRole("heading", { name: "urn:example:scim:2.0:Badge" }).waitFor();
    await page.getByRole("link", { name: "Changes of this schema" }).click();
    await page.getByRole("link", { name: "scim-extension.create" }).click();
    await page.getByRole("rowheader", { name: "urn" }).waitFor();

    await page.goto(`${url}/audit`);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download all matching events" }).click(),
    ]);
    expect(download.suggestedFilename()).to.match(/^audit-events-\d{4}-\d\d-\d\d\.jsonl$/);
    // Chromium logs the 400 of the rejected form as an error.
    expect(problems.filter((each) => !each.includes("status of 400"))).to.deep.equal([]);
  });
});
