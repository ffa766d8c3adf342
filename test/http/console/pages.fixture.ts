import type { Page } from "playwright-core";
import { type Service, startService } from "../../support/service.ts";
import { listConsolePaths } from "./console-paths.fixture.ts";
import { prepareAccessPages } from "./pages/access-pages.fixture.ts";
import { prepareCatalogPages } from "./pages/catalog-pages.fixture.ts";
import type { ConsolePage, PagePreparation, PreparePages } from "./pages/console-page.fixture.ts";
import { prepareDirectoryPages } from "./pages/directory-pages.fixture.ts";
import { prepareMyTokenPages } from "./pages/my-token-pages.fixture.ts";
import { prepareProvisioningPages } from "./pages/provisioning-pages.fixture.ts";
import { prepareSettingsPages } from "./pages/settings-pages.fixture.ts";
import { prepareSignInPages } from "./pages/sign-in-pages.fixture.ts";
import { prepareTokenPages } from "./pages/token-pages.fixture.ts";
import { signInEnvironment } from "./sign-in/sign-in.fixture.ts";

/** A service with records for every page of the console, and the pages in the order of a visit. */
export interface ConsolePages {
  readonly service: Service;
  readonly url: string;
  /** The token with which the pages are visited. */
  readonly secret: string;
  readonly list: readonly ConsolePage[];
  /** The paths of all pages, as the routers declare them. */
  readonly paths: readonly string[];
  dispose(): Promise<void>;
}

/** The sections in the order of a visit. */
const sections: readonly PreparePages[] = [
  prepareTokenPages,
  prepareDirectoryPages,
  prepareAccessPages,
  prepareCatalogPages,
  prepareProvisioningPages,
  prepareSettingsPages,
  prepareSignInPages,
  prepareMyTokenPages,
];

/** Starts the service with the records of all sections. */
export async function openConsolePages(): Promise<ConsolePages> {
  const service = await startService({ environment: signInEnvironment });
  const url = `http://127.0.0.1:${service.port}/console`;
  const { secret } = await service.issueToken({ name: "Security team", scopes: ["all"] });
  const admin = service.clientWithSecret(secret);
  const { body: user } = await admin.post("/api/users").send({ userName: "ada@example.com" });
  const goTo: PagePreparation["goTo"] = (path) => (page) => page.goto(`${url}${path}`);
  const list: ConsolePage[] = [
    { title: "sign-in", visit: goTo("/sign-in") },
    {
      title: "sign-in-rejected",
      visit: async (page) => {
        await page.getByLabel("Token").fill("wxt_unknown");
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByText("The credential is not valid.").waitFor();
      },
    },
    { title: "overview", visit: (page) => signInInBrowser(page, url, secret) },
    { title: "not-found", visit: goTo("/nowhere") },
  ];
  const closings: (() => Promise<void>)[] = [() => service.dispose()];
  const onDispose: PagePreparation["onDispose"] = (close) => void closings.push(close);
  for (const prepare of sections) list.push(...(await prepare({ service, admin, url, user, goTo, onDispose })));
  const dispose = async (): Promise<void> => {
    for (const close of closings) await close();
  };
  return { service, url, secret, list, paths: listConsolePaths(service.handler), dispose };
}

/** Signs in as an administrator does. */
export async function signInInBrowser(page: Page, url: string, secret: string): Promise<void> {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel("Token").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "This session" }).waitFor();
}
