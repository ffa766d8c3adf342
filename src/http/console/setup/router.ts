import { Router } from "express";
import type { PageOptions } from "../options.ts";
import { toClientGuides } from "./clients.ts";
import { showSetupGuide } from "./detail.tsx";
import { toIdentityProviderGuides } from "./identity-providers.ts";
import { showSetup } from "./list.tsx";

/** Routes the setup pages. @param publicUrl the URL at which clients reach the service */
export function setupRouter(options: PageOptions, publicUrl: string): Router {
  const router = Router();
  const url = publicUrl.replace(/\/+$/, "");
  const guides = [...toIdentityProviderGuides(url), ...toClientGuides(url)];
  router.get("/", showSetup({ ...options, guides }));
  router.get("/:slug", showSetupGuide({ ...options, guides }));
  return router;
}
