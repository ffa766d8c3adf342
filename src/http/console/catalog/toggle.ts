import type { RequestHandler } from "express";
import type { ResourceContent } from "../../../domain/catalog/catalog.ts";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import { parseBody } from "../../api/kernel/validation.ts";
import type { PageOptions } from "../options.ts";
import { redirect } from "../page.tsx";
import { requireVisit } from "../visit.ts";
import { type CatalogSection, requireResource, type SectionToggle } from "./section.ts";

/** Enables or disables a resource. It changes only this field, so that a concurrent change of others is kept. */
export function toggleResource<T extends CatalogResource>(
  section: CatalogSection<T>,
  toggle: SectionToggle<T>,
  isOn: boolean,
  { base, services }: PageOptions,
): RequestHandler {
  const { change } = isOn ? toggle.on : toggle.off;
  return async (req, res) => {
    req.operationId = `console${isOn ? "Enable" : "Disable"}${section.name}`;
    const visit = requireVisit(req);
    const { id } = await requireResource(section, services, visit, req.params["id"]);
    await section
      .catalogFrom(services)
      .update(
        visit.caller,
        id,
        {},
        (content) => parseBody(section.inputSchema, { ...content, ...change }) as ResourceContent<T>,
      );
    redirect(res, `${base}${section.path}/${id}`);
  };
}
