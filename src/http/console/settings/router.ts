import { Router } from "express";
import { requireScope } from "../../auth/authenticate.ts";
import type { SettingsPagesOptions } from "./options.ts";
import { saveOrganization, showOrganizationForm } from "./organization-form.tsx";
import { showSettings } from "./overview.tsx";
import { removeSignInSettings, saveSignInSettings, showSignInSettings } from "./sign-in-settings.tsx";
import { webhooksRouter } from "./webhooks/router.ts";

/** Routes the pages of the settings. The scope `admin:read` was checked before. */
export function settingsRouter(options: SettingsPagesOptions): Router {
  const write = requireScope("admin:write");
  const router = Router();
  router.get("/", showSettings(options));
  router.get("/organization", write, showOrganizationForm(options));
  router.post("/organization", write, saveOrganization(options));
  router.get("/sign-in", write, showSignInSettings(options));
  router.post("/sign-in", write, saveSignInSettings(options));
  router.post("/sign-in/remove", write, removeSignInSettings(options));
  router.use("/webhooks", webhooksRouter(options));
  return router;
}
