import type { RequestHandler } from "express";
import type { VNode } from "preact";
import { blockersMax } from "../../../domain/catalog/references.ts";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import { readSubjectNames } from "../../../domain/directory/named-subjects.ts";
import { Fact } from "../facts.tsx";
import { CsrfField } from "../fields.tsx";
import { LabelsFact } from "../labels.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage } from "../page.tsx";
import { Time } from "../time.tsx";
import { requireVisit, type Visit } from "../visit.ts";
import { AssignmentView } from "./assignment.tsx";
import { ReferrerTable, ToggleStatus } from "./parts.tsx";
import { type CatalogSection, canWrite, requireResource } from "./section.ts";

/** Shows one resource with all its fields, who it is assigned to, and what refers to it. */
export function showResource<T extends CatalogResource>(
  section: CatalogSection<T>,
  { base, services }: PageOptions,
): RequestHandler {
  const { path, heading, name, resourceType, catalogFrom, toggle, renderDetails } = section;
  return async (req, res) => {
    req.operationId = `consoleShow${name}`;
    const visit = requireVisit(req);
    const { organizationId } = visit.caller;
    const resource = await requireResource(section, services, visit, req.params["id"]);
    const assigned = resourceType.assignment(resource)?.to;
    const names = assigned ? await readSubjectNames(services, organizationId, assigned) : new Map<string, string>();
    const referrers = await catalogFrom(services).listReferrers(organizationId, resource);
    const details = await renderDetails({ base, services, visit, resource, names, query: req.query });
    const isPolicy = resourceType.name === "policy";
    sendHtmlPage(
      res,
      200,
      <Layout title={resource.name} base={base} visit={visit}>
        <p class="trail">
          <a href={`${base}${path}`}>{heading}</a>
        </p>
        <div class="heading">
          <h1>{resource.name}</h1>
          {toggle && <ToggleStatus toggle={toggle} resource={resource} />}
        </div>
        {canWrite(visit) && (
          <Actions section={section} url={`${base}${path}/${resource.id}`} {...{ resource, visit }} />
        )}
        <dl class="facts">
          <Fact name="Slug">
            <code>{resource.slug}</code>
          </Fact>
          <Fact name="Id">
            <code>{resource.id}</code>
          </Fact>
          {"description" in resource && typeof resource.description === "string" && (
            <Fact name="Description">
              <span class="lines">{resource.description}</span>
            </Fact>
          )}
          {resource.ownerId === undefined ? (
            assigned && (
              <Fact name={isPolicy ? "Applies to" : "Assigned to"}>
                <AssignmentView base={base} assignment={assigned} names={names} />
              </Fact>
            )
          ) : (
            <Fact name="Owner">
              <a href={`${base}/users/${resource.ownerId}`}>
                <code>{resource.ownerId}</code>
              </a>
            </Fact>
          )}
          <LabelsFact labels={resource.labels} />
          <Fact name="Created">
            <Time at={resource.createdAt} absent="" />
          </Fact>
          <Fact name="Changed">
            <Time at={resource.updatedAt} absent="" />
            <span class="sub">Version {resource.version}</span>
          </Fact>
        </dl>
        {details}
        {referrers.length > 0 && (
          <section aria-labelledby="referrers">
            <h2 id="referrers">Used by</h2>
            <ReferrerTable base={base} referrers={referrers} />
            {referrers.length === blockersMax && <p class="muted">Only the first {blockersMax} are shown.</p>}
          </section>
        )}
        <p class="actions">
          <a href={`${base}/audit?targetId=${resource.id}`}>Changes of this {resourceType.title}</a>
        </p>
      </Layout>,
    );
  };
}

/** What can be done to a resource. */
function Actions<T extends CatalogResource>({
  section: { toggle },
  url,
  resource,
  visit,
}: {
  readonly section: CatalogSection<T>;
  readonly url: string;
  readonly resource: T;
  readonly visit: Visit;
}): VNode {
  const isOn = toggle?.isOn(resource);
  return (
    <div class="actions">
      <a class="button" href={`${url}/edit`}>
        Edit
      </a>
      {toggle && (
        <form method="post" action={`${url}/${isOn ? "disable" : "enable"}`}>
          <CsrfField visit={visit} />
          <button type="submit" class="secondary">
            {(isOn ? toggle.off : toggle.on).action}
          </button>
        </form>
      )}
      <a class="button danger" href={`${url}/delete`}>
        Delete
      </a>
    </div>
  );
}
