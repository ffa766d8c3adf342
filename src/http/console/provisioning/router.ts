import { Router } from "express";
import { requireScope } from "../../auth/authenticate.ts";
import type { PageOptions } from "../options.ts";
import { extensionsRouter } from "./extensions/router.ts";
import { showLiveRequests } from "./live.tsx";
import { showProvisioning } from "./overview.tsx";
import { showLoggedRequest } from "./request-detail.tsx";
import { showRequestLog } from "./request-list.tsx";
import { changeProvisioningSettings, showProvisioningSettings } from "./settings.tsx";

/** Routes the pages of provisioning. The scope for reading was checked before. */
export function provisioningRouter(options: PageOptions): Router {
  const router = Router();
  const write = requireScope("admin:write");
  router.get("/", showProvisioning(options));
  router.get("/requests", showRequestLog(options));
  router.get("/requests/:id", showLoggedRequest(options));
  router.get("/live", showLiveRequests(options));
  router.get("/settings", write, showProvisioningSettings(options));
  router.post("/settings", write, changeProvisioningSettings(options));
  router.use("/extensions", extensionsRouter(options));
  return router;
}
