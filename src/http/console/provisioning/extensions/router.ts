import { Router } from "express";
import { requireScope } from "../../../auth/authenticate.ts";
import type { PageOptions } from "../../options.ts";
import { deleteExtension, showExtensionDeletion } from "./delete.tsx";
import { showExtension } from "./detail.tsx";
import { changeExtension, createExtension, showExtensionForm, showNewExtension } from "./edit.tsx";
import { showExtensions } from "./list.tsx";

/** Routes the pages of extension schemas. The scope for reading was checked before. */
export function extensionsRouter(options: PageOptions): Router {
  const router = Router();
  const write = requireScope("admin:write");
  router.get("/", showExtensions(options));
  router.post("/", write, createExtension(options));
  router.get("/new", write, showNewExtension(options));
  router.get("/:id", showExtension(options));
  router.get("/:id/edit", write, showExtensionForm(options));
  router.post("/:id/edit", write, changeExtension(options));
  router.get("/:id/delete", write, showExtensionDeletion(options));
  router.post("/:id/delete", write, deleteExtension(options));
  return router;
}
