import { startOpenIdProvider } from "../../../support/openid-provider.ts";
import { settingsOf } from "../sign-in/sign-in.fixture.ts";
import type { PreparePages } from "./console-page.fixture.ts";

/** Shows the sign-in of an organization with an identity provider. Its other pages are those of one without. */
export const prepareSignInPages: PreparePages = async ({ admin, goTo, onDispose }) => {
  const provider = await startOpenIdProvider();
  onDispose(() => provider.close());
  const consoleSignIn = settingsOf(provider);
  return [
    {
      title: "sign-in-provider",
      visit: async (page) => {
        await admin.patch("/api/organization").send({ consoleSignIn }).expect(200);
        await goTo("/sign-in/default")(page);
        await page.getByRole("button", { name: "Sign in with 127.0.0.1" }).waitFor();
        await admin.patch("/api/organization").send({ consoleSignIn: null }).expect(200);
      },
    },
    { title: "sign-in-unknown", visit: goTo("/sign-in/unknown") },
    { title: "sign-in-not-begun", visit: goTo("/sign-in/default/callback?state=unknown&code=unknown") },
  ];
};
