import { trackSecret } from "../../../support/secrets.ts";
import type { PreparePages } from "./console-page.fixture.ts";

/** Creates webhooks. The forms of the settings are shown empty and with errors. */
export const prepareSettingsPages: PreparePages = async ({ admin, goTo }) => {
  const receiver = "https://siem.example.com/gatehouse";
  const settings = { description: "Security information and events", actions: ["user.*", "token.create"] };
  const { body: webhook } = await admin.post("/api/webhooks").send({ slug: "siem", url: receiver, ...settings });
  const { body: other } = await admin.post("/api/webhooks").send({ slug: "archive", url: receiver, enabled: false });
  for (const { secret } of [webhook, other]) trackSecret(secret);
  return [
    { title: "settings", visit: goTo("/settings") },
    { title: "settings-organization", visit: goTo("/settings/organization") },
    { title: "settings-sign-in", visit: goTo("/settings/sign-in") },
    {
      title: "settings-sign-in-invalid",
      visit: async (page) => {
        await page.getByLabel("Issuer").fill("https://10.0.0.1/");
        await page.getByLabel("Client id").fill("console");
        await page.getByLabel("Groups of the directory: read").fill("No such group");
        await page.getByRole("button", { name: "Save" }).click();
        await page.getByText("The settings were not saved").waitFor();
      },
    },
    { title: "webhooks", visit: goTo("/settings/webhooks") },
    { title: "webhook", visit: goTo(`/settings/webhooks/${webhook.id}`) },
    { title: "webhook-new", visit: goTo("/settings/webhooks/new") },
    { title: "webhook-change", visit: goTo(`/settings/webhooks/${webhook.id}/edit`) },
    { title: "webhook-rotate", visit: goTo(`/settings/webhooks/${webhook.id}/rotate`) },
    { title: "webhook-delete", visit: goTo(`/settings/webhooks/${webhook.id}/delete`) },
  ];
};
