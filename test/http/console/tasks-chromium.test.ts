import { expect } from "chai";
import type { Page } from "playwright-core";
import { trackSecret } from "../../support/secrets.ts";
import { describeInChromium } from "./chromium-suite.fixture.ts";
import { type ConsolePages, openConsolePages, signInInBrowser } from "./pages.fixture.ts";

/** Tasks of administrators and users in a browser, without a violation of the policy or an error in its console. */
describeInChromium("Tasks in /console in Chromium", (openPage) => {
  let pages: ConsolePages;
  before(async () => {
    pages = await openConsolePages();
  });
  after(() => pages?.dispose());

  /** Does a task on a page of its own. Chromium logs error responses, which are expected. */
  const doTask = async (task: (page: Page) => Promise<void>): Promise<void> => {
    const { page, problems } = await openPage();
    await task(page);
    expect(problems.filter((each) => !/status of (?:400|401|412)/.test(each))).to.deep.equal([]);
  };

  it("returns to the page that was requested before the sign-in", () =>
    doTask(async (page) => {
      const { url, secret } = pages;
      await page.goto(`${url}/users?userName=ada&active=true`);
      await page.getByLabel("Token").fill("wxt_wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("The credential is not valid.").waitFor();
      await page.getByLabel("Token").fill(secret);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("heading", { name: "Users" }).waitFor();
      expect(page.url()).to.equal(`${url}/users?userName=ada&active=true`);
    }));

  it("finds out why a user cannot use a tool, and which change would allow it", () =>
    doTask(async (page) => {
      const { url, secret } = pages;
      await signInInBrowser(page, url, secret);
      await page.goto(`${url}/users`);
      await page.getByRole("link", { name: "ada@example.com" }).click();
      await page.getByRole("link", { name: "Access", exact: true }).click();
      await page.getByRole("link", { name: "Check one resource" }).click();
      await page.getByLabel("Resource", { exact: true }).fill("warehouse");
      await page.getByLabel("Tool (optional)").fill("drop_table");
      await page.getByRole("button", { name: "Check" }).click();
      await page.getByText("Cannot use it").waitFor();
      await page.getByLabel("This policy was disabled").fill("no-destruction");
      await page.getByRole("button", { name: "Check" }).click();
      const assumed = page.getByRole("region", { name: "With the assumed change" });
      await assumed.getByText("Can use it").waitFor();
      expect(await page.getByRole("region", { name: "Now" }).getByText("Cannot use it").count()).to.equal(1);
    }));

  it("adds a member to a group and removes it", () =>
    doTask(async (page) => {
      const { url, secret, service } = pages;
      await service.clientWithSecret(secret).post("/api/users").send({ userName: "grace" }).expect(201);
      await signInInBrowser(page, url, secret);
      await page.goto(`${url}/groups`);
      await page.getByRole("link", { name: "Engineering" }).click();
      await page.getByLabel("Member to add").fill("nobody");
      await page.getByRole("button", { name: "Add" }).click();
      await page.getByText("No user has this user name").waitFor();
      await page.getByLabel("Member to add").fill("grace");
      await page.getByRole("button", { name: "Add" }).click();
      await page.getByRole("button", { name: "Remove grace" }).click();
      await page.getByRole("link", { name: "grace" }).waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Remove A. Lovelace" }).waitFor();
    }));

  it("edits a token, and rejects the change of another one who has an older form", () =>
    doTask(async (page) => {
      const { url, secret, service } = pages;
      const { id } = await service.issueToken({ name: "shared", scopes: ["admin:read"] });
      await signInInBrowser(page, url, secret);
      await page.goto(`${url}/tokens?name=SHA`);
      await page.getByRole("link", { name: "shared" }).click();
      await page.getByRole("link", { name: "Edit" }).click();
      await service.clientWithSecret(secret).patch(`/api/tokens/${id}`).send({ description: "changed" }).expect(200);
      await page.getByLabel("Name", { exact: true }).fill("mine");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("nothing was saved").waitFor();
      await page.getByRole("link", { name: "Open the form with the current values" }).click();
      await page.getByLabel("Name", { exact: true }).fill("mine");
      await page.getByLabel("In 30 days from now").check();
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("heading", { name: "mine" }).waitFor();
      expect(await page.getByText("changed").count()).to.equal(1);
    }));

  it("lets a user manage the own tokens only", () =>
    doTask(async (page) => {
      const { url, service, secret: administrator } = pages;
      const { body } = await service
        .clientWithSecret(administrator)
        .get("/api/users?userName=ada@example.com")
        .expect(200);
      const { secret } = await service.issueToken({
        ...{ name: "ada-agent", type: "agent", scopes: ["connect:write"], userId: body.data[0].id },
      });
      await page.goto(`${url}/sign-in`);
      await page.getByLabel("Token").fill(secret);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("heading", { name: "My tokens" }).waitFor();
      expect(await page.getByRole("link", { name: "Terraform" }).count()).to.equal(0);
      await page.getByRole("link", { name: "Create token" }).click();
      await page.getByLabel("Name", { exact: true }).fill("ada-laptop");
      await page.getByLabel("mcp", { exact: true }).check();
      await page.getByRole("button", { name: "Create token" }).click();
      await page.getByText("It will not be shown again").waitFor();
      trackSecret((await page.locator("#secret").textContent()) ?? "");
      await page.getByRole("link", { name: "I have stored the token" }).click();
      await page.getByRole("link", { name: "Revoke" }).click();
      await page.getByRole("button", { name: "Revoke permanently" }).click();
      await page.getByText("revoked", { exact: true }).waitFor();
    }));
});
