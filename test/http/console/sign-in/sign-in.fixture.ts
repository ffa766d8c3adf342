import type { ConsoleSignInSettings } from "../../../../schemas/console-sign-in.ts";
import type { Environment } from "../../../../src/config.ts";
import type { OpenTestStore } from "../../../store/test-store.fixture.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../../../support/openid-provider.ts";
import { type Agent, type Service, startService } from "../../../support/service.ts";
import { type BrowserResponse, TestBrowser } from "../browser.fixture.ts";

/** Settings that a service needs to sign users in through a provider on this machine. */
export const signInEnvironment: Environment = {
  UPSTREAM_ALLOW: "127.0.0.0/8",
  CREDENTIAL_KEY: Buffer.alloc(32, 9).toString("base64"),
};

/** A service whose organization `default` has a sign-in through an OpenID Provider. */
export interface SignInSetup {
  readonly service: Service;
  readonly provider: OpenIdProvider;
  /** A client with full access. */
  readonly admin: Agent;
  readonly user: { readonly id: string; readonly userName: string };
  /** The settings that are stored now, and their replacement. */
  configure(more?: Partial<ConsoleSignInSettings>, client?: Agent): Promise<void>;
  /** Begins a sign-in, and returns the address at the provider that the browser is sent to. */
  begin(browser: TestBrowser, slug?: string): Promise<string>;
  /** Signs in with these claims. @returns the response to the callback */
  signIn(browser: TestBrowser, claims?: Readonly<Record<string, unknown>>): Promise<BrowserResponse>;
  dispose(): Promise<void>;
}

/** The claims of Ada, who is in the group that has full access. */
export const adaClaims = { email: "ada@example.com", email_verified: true, groups: ["security"] } as const;
export const settingsOf = ({ issuer, clientId }: OpenIdProvider): ConsoleSignInSettings => ({
  ...{ issuer, clientId, matchUsersBy: "email", externalIdClaim: "sub", groupsClaim: "groups" },
  roles: {
    read: { idTokenGroups: ["readers"], groups: [] },
    write: { idTokenGroups: ["writers"], groups: [] },
    full: { idTokenGroups: ["security"] },
  },
});

/** Starts the service and the provider, and creates the user Ada. */
export async function setUpSignIn(open?: OpenTestStore, environment: Environment = {}): Promise<SignInSetup> {
  const provider = await startOpenIdProvider();
  const service = await startService({
    ...(open && { open }),
    environment: { ...signInEnvironment, ...environment },
  });
  const admin = await service.clientWithScopes(["all"]);
  const { body: user } = await admin.post("/api/users").send({ userName: "ada@example.com" }).expect(201);
  const configure: SignInSetup["configure"] = async (more = {}, client = admin) => {
    const consoleSignIn = { ...settingsOf(provider), ...more };
    await client.patch("/api/organization").send({ consoleSignIn: null }).expect(200);
    await client.patch("/api/organization").send({ consoleSignIn }).expect(200);
    const path = "/api/organization/console-sign-in/client-secret";
    await client.put(path).send({ value: provider.clientSecret }).expect(200);
  };
  await configure();
  const begin: SignInSetup["begin"] = async (browser, slug = "default") => {
    const page = await browser.post(`/console/sign-in/${slug}`, {});
    const [, url] = /http-equiv="refresh" content="0; url=([^"]*)"/.exec(page.html) ?? [];
    if (page.status !== 200 || url === undefined) throw new Error(`the sign-in did not begin: ${page.html}`);
    return url.replaceAll("&amp;", "&");
  };
  return {
    ...{ service, provider, admin, user, configure, begin },
    signIn: async (browser, claims = adaClaims) => {
      const { pathname, search } = provider.approve(await begin(browser), claims);
      return browser.get(pathname + search);
    },
    dispose: async () => {
      await service.dispose();
      await provider.close();
    },
  };
}

/** Opens a browser with a session of Ada. */
export async function openAdasBrowser(setup: SignInSetup): Promise<TestBrowser> {
  const browser = new TestBrowser(setup.service);
  await setup.signIn(browser);
  return browser;
}
