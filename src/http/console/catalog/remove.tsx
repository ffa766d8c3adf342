import type { RequestHandler, Response } from "express";
import type { Blocker } from "../../../domain/catalog/references.ts";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import { hasErrorCode } from "../../../errors.ts";
import { CheckBox, CsrfField } from "../fields.tsx";
import { readText } from "../form.ts";
import type { PageOptions } from "../options.ts";
import { Layout, redirect, sendHtmlPage } from "../page.tsx";
import { readVersion, VersionField } from "../version-field.tsx";
import { requireVisit, type Visit } from "../visit.ts";
import { ReferrerTable } from "./parts.tsx";
import { type CatalogSection, requireResource } from "./section.ts";

/** Shows what a deletion removes, and what refers to the resource, to be confirmed. */
export function showRemoval<T extends CatalogResource>(
  section: CatalogSection<T>,
  { base, services }: PageOptions,
): RequestHandler {
  return async (req, res) => {
    req.operationId = `consoleShow${section.name}Removal`;
    const visit = requireVisit(req);
    const resource = await requireResource(section, services, visit, req.params["id"]);
    const referrers = await section.catalogFrom(services).listReferrers(visit.caller.organizationId, resource);
    sendRemoval(res, 200, { base, visit, section, resource, referrers });
  };
}

interface RemovalPage<T extends CatalogResource> {
  readonly base: string;
  readonly visit: Visit;
  readonly section: CatalogSection<T>;
  readonly resource: T;
  readonly referrers: readonly Blocker[];
  /** Why the resource was not deleted. */
  readonly error?: string;
}

function sendRemoval<T extends CatalogResource>(res: Response, status: number, page: RemovalPage<T>): void {
  const { base, visit, section, resource, referrers, error } = page;
  const { path, heading, resourceType } = section;
  const url = `${base}${path}/${resource.id}`;
  sendHtmlPage(
    res,
    status,
    <Layout title={`Delete ${resource.name}`} base={base} visit={visit}>
      <p class="trail">
        <a href={`${base}${path}`}>{heading}</a> / <a href={url}>{resource.name}</a>
      </p>
      <h1>Delete {resource.name}?</h1>
      {error !== undefined && (
        <div class="notice error" role="alert">
          <p>{error}</p>
        </div>
      )}
      <p class="notice">
        The {resourceType.title} <code>{resource.slug}</code> is removed from the catalog.{" "}
        {removalTexts[resourceType.name]} This cannot be undone.
      </p>
      <form method="post" action={`${url}/delete`}>
        <CsrfField visit={visit} />
        <VersionField version={resource.version} />
        {referrers.length > 0 && (
          <fieldset>
            <legend>Used by</legend>
            <ReferrerTable base={base} referrers={referrers} />
            <CheckBox
              name="detach"
              checked={false}
              label="Remove it from all of them"
              hint="Without this, the deletion is rejected. A policy blocks it if it would apply to other tools without the reference."
            />
          </fieldset>
        )}
        <div class="actions">
          <button type="submit" class="danger">
            Delete permanently
          </button>
          <a href={url}>Cancel</a>
        </div>
      </form>
    </Layout>,
  );
}

const removalTexts = {
  "mcp-server": "Connections of users to it and its credentials are removed as well.",
  toolkit: "Its servers, skills and commands stay.",
  skill: "Its files are removed as well.",
  command: "Users cannot invoke it any more.",
  policy: "What it allowed or denied is decided by assignments and other policies.",
};

/** Deletes a resource. What blocks the deletion is shown with links. */
export function removeResource<T extends CatalogResource>(
  section: CatalogSection<T>,
  { base, services }: PageOptions,
): RequestHandler {
  return async (req, res) => {
    req.operationId = `consoleDelete${section.name}`;
    const visit = requireVisit(req);
    const catalog = section.catalogFrom(services);
    const resource = await requireResource(section, services, visit, req.params["id"]);
    const expected = { ifMatch: [readVersion(req)] };
    try {
      await catalog.remove(visit.caller, resource.id, expected, { isDetached: readText(req, "detach") === "true" });
    } catch (error) {
      if (!hasErrorCode(error) || (error.code !== "precondition-failed" && error.code !== "referenced")) throw error;
      const isStale = error.code === "precondition-failed";
      const { organizationId } = visit.caller;
      const current = await requireResource(section, services, visit, resource.id);
      sendRemoval(res, isStale ? 412 : 409, {
        ...{ base, visit, section, resource: current },
        referrers: error.details.blockers ?? (await catalog.listReferrers(organizationId, current)),
        error: isStale ? "It was changed after this page was opened. Check it, and confirm again." : error.message,
      });
      return;
    }
    redirect(res, `${base}${section.path}`);
  };
}
