import { type RequestHandler, Router } from "express";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import { requireScope } from "../../auth/authenticate.ts";
import type { PageOptions } from "../options.ts";
import { redirect } from "../page.tsx";
import { commandSection } from "./commands.tsx";
import { showResource } from "./detail.tsx";
import { createResource, showCreation, showEdit, updateResource } from "./edit.tsx";
import { showResources } from "./list.tsx";
import { routeMcpServers } from "./mcp-servers/router.ts";
import { mcpServerSection } from "./mcp-servers/section.tsx";
import { policySection } from "./policies.tsx";
import { removeResource, showRemoval } from "./remove.tsx";
import type { CatalogSection } from "./section.ts";
import { deleteSkillFile, saveSkillFile, showSkillFile, showSkillFileForm } from "./skill-files.tsx";
import { skillSection } from "./skills.tsx";
import { toggleResource } from "./toggle.ts";
import { toolkitSection } from "./toolkits.tsx";

/** Routes the pages of the catalog and of policies. Reading needs `admin:read`, and every change `admin:write`. */
export function catalogRouter(options: PageOptions): Router {
  const router = Router();
  router.use(["/catalog", "/policies"], requireScope("admin:read"), requireWriteScope);
  router.get("/catalog", ((_req, res) =>
    redirect(res, `${options.base}${mcpServerSection.path}`)) satisfies RequestHandler);
  routeSection(router, mcpServerSection, options);
  routeMcpServers(router, write, options);
  routeSection(router, toolkitSection, options);
  routeSection(router, skillSection, options);
  router.get(`${skillSection.path}/:id/files`, showSkillFile(options));
  router.post(`${skillSection.path}/:id/files`, saveSkillFile(options));
  router.get(`${skillSection.path}/:id/files/edit`, write, showSkillFileForm(options));
  router.post(`${skillSection.path}/:id/files/delete`, deleteSkillFile(options));
  routeSection(router, commandSection, options);
  routeSection(router, policySection, options);
  return router;
}

const write = requireScope("admin:write");
const requireWriteScope: RequestHandler = (req, res, next) => {
  if (req.method === "GET" || req.method === "HEAD") next();
  else write(req, res, next);
};

/** No slug contains an underscore, so that `_new` is no resource. */
function routeSection<T extends CatalogResource>(
  router: Router,
  section: CatalogSection<T>,
  options: PageOptions,
): void {
  const { path, toggle } = section;
  router.get(path, showResources(section, options));
  router.post(path, createResource(section, options));
  router.get(`${path}/_new`, write, showCreation(section, options));
  router.get(`${path}/:id`, showResource(section, options));
  router.post(`${path}/:id`, updateResource(section, options));
  router.get(`${path}/:id/edit`, write, showEdit(section, options));
  router.get(`${path}/:id/delete`, write, showRemoval(section, options));
  router.post(`${path}/:id/delete`, removeResource(section, options));
  if (!toggle) return;
  router.post(`${path}/:id/enable`, toggleResource(section, toggle, true, options));
  router.post(`${path}/:id/disable`, toggleResource(section, toggle, false, options));
}
