import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";
import type { Page } from "playwright-core";
import { freePort } from "../../../support/free-port.ts";
import { trackSecret } from "../../../support/secrets.ts";
import { type Service, startService } from "../../../support/service.ts";
import { describeInChromium } from "../chromium-suite.fixture.ts";
import { signInInBrowser } from "../pages.fixture.ts";
import { signInEnvironment } from "./sign-in.fixture.ts";

const clientSecret = trackSecret("a-secret-of-the-console-client-0123456789");

/** A certified OpenID Provider of another project, at another site than the console: `localhost` instead of an address. */
async function startProvider(redirectUri: string): Promise<{ readonly issuer: string; readonly server: Server }> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "console", client_secret: clientSecret, redirect_uris: [redirectUri] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
    cookies: { keys: ["a key of the test"] },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig", kid: "1" }] },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, email: `${sub}@example.com`, email_verified: true, groups: ["security"] }),
    }),
  });
  server.on("request", provider.callback());
  return { issuer, server };
}

describeInChromium("Sign-in through oidc-provider in Chromium", (openPage) => {
  let service: Service;
  let provider: Awaited<ReturnType<typeof startProvider>>;
  let url: string;
  before(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}/console`;
    provider = await startProvider(`${url}/sign-in/default/callback`);
    const environment = { ...signInEnvironment, UPSTREAM_ALLOW: "127.0.0.0/8,::1/128" };
    service = await startService({ port, environment: { ...environment, PUBLIC_URL: `http://127.0.0.1:${port}` } });
  });
  after(async () => {
    await service?.dispose();
    provider?.server.closeAllConnections();
    provider?.server.close();
  });

  /** Signs in at the pages of the provider. */
  const signInAtProvider = async (page: Page, login: string): Promise<void> => {
    await page.getByRole("button", { name: `Sign in with ${new URL(provider.issuer).host}` }).click();
    await page.waitForURL(`${provider.issuer}/**`);
    await page.locator("input[name=login]").fill(login);
    await page.locator("input[name=password]").fill("any password");
    await page.getByRole("button", { name: "Sign-in" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
  };

  for (const javaScriptEnabled of [true, false])
    it(`is configured in the settings, signs a user in and ends with the user, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async () => {
      const admin = await service.clientWithScopes(["all"]);
      await admin.patch("/api/organization").send({ consoleSignIn: null }).expect(200);
      const userName = `ada-${javaScriptEnabled}@example.com`;
      const { body: user } = await admin.post("/api/users").send({ userName }).expect(201);
      const { secret } = await service.issueToken({ scopes: ["all"] });
      const { page, context, problems } = await openPage({ javaScriptEnabled });

      await signInInBrowser(page, url, secret);
      await page.getByRole("link", { name: "Settings" }).click();
      await page.getByRole("link", { name: "Change: Sign-in through an identity provider" }).click();
      await page.getByLabel("Issuer").fill(provider.issuer);
      await page.getByLabel("Client id").fill("console");
      await page.getByLabel("Client secret").fill(clientSecret);
      await page.getByLabel("Groups in the ID token: full access").fill("security\n");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("with a secret").waitFor();
      await page.getByRole("button", { name: "Sign out" }).click();

      await page.goto(`${url}/groups?displayName=a%20b`);
      await signInAtProvider(page, `ada-${javaScriptEnabled}`);
      await page.getByRole("heading", { level: 1, name: "Groups" }).waitFor();
      expect(page.url(), "the page that was requested").to.equal(`${url}/groups?displayName=a%20b`);
      expect(await page.locator(".identity").textContent()).to.contain(userName);
      const cookies = await context.cookies(url);
      expect(cookies.map(({ name, sameSite }) => ({ name, sameSite }))).to.deep.include({
        name: "__Host-gatehouse-console",
        sameSite: "Strict",
      });
      for (const section of ["Tokens", "Users", "Groups", "Audit log", "Settings"]) {
        await page
          .getByRole("navigation", { name: "Console" })
          .getByRole("link", { name: section, exact: true })
          .click();
        await page.getByRole("heading", { level: 1, name: section }).waitFor();
      }
      // The pages of the provider load a font of another site, which tests do not reach.
      expect(problems.filter((text) => !text.includes("ERR_NAME_NOT_RESOLVED"))).to.deep.equal([]);

      await admin.patch(`/api/users/${user.id}`).send({ active: false }).expect(200);
      await page.getByRole("link", { name: "Users" }).click();
      await page.getByText("Your session has ended.").waitFor();
      await page.getByRole("button", { name: "Sign in with" }).click();
      await page.getByText("Your account has no access to this console.").waitFor();
    });
});
