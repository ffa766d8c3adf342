import type { Request, RequestHandler, Response } from "express";
import type { ResourceContent } from "../../../domain/catalog/catalog.ts";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import { toResourceContent } from "../../../domain/catalog/resource-types.ts";
import { readSubjectNames, resolveSubjectNames } from "../../../domain/directory/named-subjects.ts";
import { AppError, hasErrorCode } from "../../../errors.ts";
import type { Services } from "../../api/kernel/services.ts";
import { parseBody } from "../../api/kernel/validation.ts";
import { FormErrors, readText, toFormErrors, toFormText } from "../form.ts";
import { fromLabelLines, toLabelLines } from "../labels.tsx";
import type { PageOptions } from "../options.ts";
import { redirect } from "../page.tsx";
import { readVersion } from "../version-field.tsx";
import { requireVisit, type Visit } from "../visit.ts";
import { assignmentFields, toAssignment, toAssignmentValues } from "./assignment.tsx";
import { type EditPage, sendEditPage } from "./edit-page.tsx";
import { type FormValues, mergeForm, readFormValues } from "./form-values.ts";
import { type CatalogSection, requireResource } from "./section.ts";

/** Shows the form of a new resource. */
export function showCreation<T extends CatalogResource>(
  section: CatalogSection<T>,
  { base }: PageOptions,
): RequestHandler {
  return (req, res) => {
    req.operationId = `consoleShow${section.name}Form`;
    sendEditPage(res, 200, { base, section, visit: requireVisit(req), values: section.form.defaults });
  };
}

/** Creates a resource of the organization. Invalid fields are shown with their errors. */
export function createResource<T extends CatalogResource>(
  section: CatalogSection<T>,
  { base, services }: PageOptions,
): RequestHandler {
  return async (req, res) => {
    req.operationId = `consoleCreate${section.name}`;
    const visit = requireVisit(req);
    const values = readValues(section, req);
    const page = { base, section, visit, values };
    try {
      if (isPreview(section, req)) return await sendPreview(res, section, services, page);
      const body = await toBody(section, services, visit, values);
      const content = parseBody(section.inputSchema, withoutUndefined(body)) as ResourceContent<T>;
      const { id } = await section.catalogFrom(services).create(visit.caller, content);
      redirect(res, `${base}${section.path}/${id}`);
    } catch (error) {
      const errors = toErrors(section, error);
      sendEditPage(res, toStatus(error), { ...page, errors });
    }
  };
}

/** Shows the form of a stored resource. */
export function showEdit<T extends CatalogResource>(
  section: CatalogSection<T>,
  { base, services }: PageOptions,
): RequestHandler {
  return async (req, res) => {
    req.operationId = `consoleShow${section.name}Form`;
    const visit = requireVisit(req);
    const resource = await requireResource(section, services, visit, req.params["id"]);
    const values = await toStoredValues(section, services, visit, resource);
    sendEditPage(res, 200, { base, section, visit, values, stored: { resource, values } });
  };
}

/**
 * Changes a resource. Fields that were not changed in the form keep their stored value, whatever a form can express. If
 * another request has changed the resource since the form was opened, nothing is written, and the form shows both values.
 */
export function updateResource<T extends CatalogResource>(
  section: CatalogSection<T>,
  { base, services }: PageOptions,
): RequestHandler {
  return async (req, res) => {
    req.operationId = `consoleUpdate${section.name}`;
    const visit = requireVisit(req);
    const current = await requireResource(section, services, visit, req.params["id"]);
    const values = readValues(section, req);
    const storedValues = await toStoredValues(section, services, visit, current);
    const page = { base, section, visit, values, stored: { resource: current, values: storedValues } };
    const version = readVersion(req);
    try {
      if (version !== current.version) throw new AppError("precondition-failed", "The form shows another version.");
      if (isPreview(section, req)) return await sendPreview(res, section, services, page);
      const body = await toBody(section, services, visit, values);
      const content = toRevision(section, current, { body, values, storedValues });
      await section.catalogFrom(services).update(visit.caller, current.id, { ifMatch: [version] }, () => content);
      redirect(res, `${base}${section.path}/${current.id}`);
    } catch (error) {
      if (hasErrorCode(error, "precondition-failed")) {
        await sendMerge(res, services, page, readText(req, "seen"));
        return;
      }
      const errors = toErrors(section, error);
      sendEditPage(res, toStatus(error), { ...page, errors });
    }
  };
}

/** Shows what another request has changed, merged with what was entered. @param seen the hidden field of the form */
async function sendMerge<T extends CatalogResource>(
  res: Response,
  services: Services,
  page: EditPage<T> & Required<Pick<EditPage<T>, "stored">>,
  seen: string,
): Promise<void> {
  const { section, visit, values, stored } = page;
  const resource = await requireResource(section, services, visit, stored.resource.id);
  const storedValues = await toStoredValues(section, services, visit, resource);
  const merge = mergeForm(seen, values, storedValues);
  sendEditPage(res, 412, {
    ...page,
    ...{ values: merge.values, changed: merge.changed, stored: { resource, values: storedValues } },
  });
}

const toStatus = (error: unknown): 400 | 409 =>
  hasErrorCode(error, "conflict") || hasErrorCode(error, "limit-reached") ? 409 : 400;

const isPreview = <T extends CatalogResource>({ preview }: CatalogSection<T>, req: Request): boolean =>
  preview !== undefined && readText(req, "preview") === "true";

/** Shows the form again with its preview. Nothing is written. @throws AppError invalid-value */
async function sendPreview<T extends CatalogResource>(
  res: Response,
  { form, preview }: CatalogSection<T>,
  services: Services,
  page: EditPage<T>,
): Promise<void> {
  const { base, visit, values } = page;
  const rendered = await preview?.render({ base, services, visit, body: form.toBody(values) });
  sendEditPage(res, 200, { ...page, ...(rendered && { preview: rendered }) });
}

/** Returns the content of a resource after the change of a form. @throws AppError invalid-value */
function toRevision<T extends CatalogResource>(
  section: CatalogSection<T>,
  current: T,
  {
    body,
    values,
    storedValues,
  }: {
    readonly body: Readonly<Record<string, unknown>>;
    readonly values: FormValues;
    readonly storedValues: FormValues;
  },
): ResourceContent<T> {
  const changed = Object.entries(toKeys(section, current)).flatMap(([key, fields]) =>
    fields.some((field) => values[field] !== storedValues[field]) ? [[key, body[key]] as const] : [],
  );
  const content = { ...toResourceContent(current), ...Object.fromEntries(changed) };
  return parseBody(section.inputSchema, withoutUndefined(content)) as ResourceContent<T>;
}

/** The fields by key. The slug never changes, and a user-owned resource has no assignment. */
function toKeys<T extends CatalogResource>(
  { form }: CatalogSection<T>,
  current: T | undefined,
): Readonly<Record<string, readonly string[]>> {
  return {
    ...(current === undefined && { slug: ["slug"] }),
    ...form.keys,
    labels: ["labels"],
    ...(current?.ownerId === undefined && { [form.assignmentKey]: assignmentFields }),
  };
}

function readValues<T extends CatalogResource>(
  { form }: CatalogSection<T>,
  req: Parameters<typeof readFormValues>[0],
): FormValues {
  const fields = ["slug", "labels", ...Object.values(form.keys).flat(), ...assignmentFields];
  return readFormValues(req, fields, form.texts);
}

/** Returns the values of the form of a stored resource, as a browser would send them back. */
async function toStoredValues<T extends CatalogResource>(
  { form, resourceType }: CatalogSection<T>,
  services: Services,
  { caller }: Visit,
  resource: T,
): Promise<FormValues> {
  const assigned = resourceType.assignment(resource)?.to;
  const names = assigned
    ? await readSubjectNames(services, caller.organizationId, assigned)
    : new Map<string, string>();
  const values = {
    ...form.toValues(resource),
    ...(assigned && toAssignmentValues(assigned, names)),
    slug: resource.slug,
    labels: toLabelLines(resource.labels),
  };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, toFormText(value, form.texts?.includes(name) ?? false)]),
  );
}

/** Returns the body of the form, with the ids of users and groups. @throws AppError invalid-value */
async function toBody<T extends CatalogResource>(
  { form }: CatalogSection<T>,
  services: Services,
  { caller }: Visit,
  values: FormValues,
): Promise<Readonly<Record<string, unknown>>> {
  const assignment = toAssignment(values);
  const resolved = await resolveSubjectNames(services, caller.organizationId, assignment);
  const labels = fromLabelLines(values["labels"]);
  return { slug: values["slug"], labels, ...form.toBody(values), [form.assignmentKey]: { ...assignment, ...resolved } };
}

/** @throws the error itself if the form cannot show it */
function toErrors<T extends CatalogResource>({ form }: CatalogSection<T>, error: unknown): FormErrors {
  if (hasErrorCode(error, "limit-reached")) return new FormErrors(new Map([["", [error.message]]]));
  const key = form.assignmentKey;
  return toFormErrors(error, {
    ...{ [`${key}/groups`]: "groups", [`${key}/users`]: "users", [key]: "everyone" },
    ...form.rename,
  });
}

const withoutUndefined = (body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
