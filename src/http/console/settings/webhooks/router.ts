import { Router } from "express";
import { requireScope } from "../../../auth/authenticate.ts";
import type { SettingsPagesOptions } from "../options.ts";
import { deleteWebhook, showWebhookDeletion } from "./delete.tsx";
import { showWebhook, testWebhook } from "./detail.tsx";
import { createWebhook, editWebhook, showNewWebhook, showWebhookForm } from "./form.tsx";
import { showWebhooks } from "./list.tsx";
import { rotateWebhookSecret, showWebhookRotation } from "./rotate.tsx";

/** Routes the pages of webhooks. The scope `admin:read` was checked before. */
export function webhooksRouter(options: SettingsPagesOptions): Router {
  const write = requireScope("admin:write");
  const router = Router();
  router.get("/", showWebhooks(options));
  router.post("/", write, createWebhook(options));
  router.get("/new", write, showNewWebhook(options));
  router.get("/:id", showWebhook(options));
  router.get("/:id/edit", write, showWebhookForm(options));
  router.post("/:id", write, editWebhook(options));
  router.post("/:id/test", write, testWebhook(options));
  router.get("/:id/rotate", write, showWebhookRotation(options));
  router.post("/:id/rotate", write, rotateWebhookSecret(options));
  router.get("/:id/delete", write, showWebhookDeletion(options));
  router.post("/:id/delete", write, deleteWebhook(options));
  return router;
}
