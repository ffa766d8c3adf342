import type { RequestHandler, Response } from "express";
import type { ScimExtension } from "../../../../../schemas/scim-extension.ts";
import type { Caller } from "../../../../domain/caller.ts";
import type { ExpectedVersion } from "../../../../domain/precondition.ts";
import { type AppError, hasErrorCode } from "../../../../errors.ts";
import { ErrorSummary } from "../../error-summary.tsx";
import { CsrfField, FormActions, LinesField, SelectField, TextField } from "../../fields.tsx";
import { FormErrors, toFormErrors } from "../../form.ts";
import type { PageOptions } from "../../options.ts";
import { Layout, redirect, sendHtmlPage } from "../../page.tsx";
import { readVersion, VersionField } from "../../version-field.tsx";
import { requireVisit, type Visit } from "../../visit.ts";
import {
  type ExtensionForm,
  emptyExtensionForm,
  parseExtensionForm,
  readExtensionForm,
  toExtensionForm,
} from "./extension-form.ts";
import { readExtension } from "./options.ts";

/** Shows the form of a new extension schema. */
export function showNewExtension({ base }: PageOptions): RequestHandler {
  return (req, res) => {
    req.operationId = "consoleShowNewExtension";
    sendForm(res, 200, { base, visit: requireVisit(req), form: emptyExtensionForm });
  };
}

/** Creates an extension schema. One that exists already is not replaced. */
export function createExtension(options: PageOptions): RequestHandler {
  const { base } = options;
  return async (req, res) => {
    req.operationId = "consoleCreateExtension";
    const visit = requireVisit(req);
    const form = readExtensionForm(req);
    try {
      const { id } = await save(options, visit.caller, form, { ifNoneMatch: "any" });
      redirect(res, `${base}/provisioning/extensions/${id}`);
    } catch (error) {
      sendRejected(res, { base, visit, form }, error);
    }
  };
}

/** Shows the form of an existing extension schema. */
export function showExtensionForm(options: PageOptions): RequestHandler {
  const { base } = options;
  return async (req, res) => {
    req.operationId = "consoleShowExtensionForm";
    const current = await readExtension(options, req);
    sendForm(res, 200, { base, visit: requireVisit(req), form: toExtensionForm(current), current });
  };
}

/** Changes an extension schema, unless it has changed since the form was opened. */
export function changeExtension(options: PageOptions): RequestHandler {
  const { base } = options;
  return async (req, res) => {
    req.operationId = "consoleChangeExtension";
    const visit = requireVisit(req);
    const current = await readExtension(options, req);
    const version = readVersion(req);
    const form = {
      ...readExtensionForm(req, current.description),
      urn: current.urn,
      resourceType: current.resourceType,
    };
    try {
      await save(options, visit.caller, form, { ifMatch: [version] });
      redirect(res, `${base}/provisioning/extensions/${current.id}`);
    } catch (error) {
      const shown = hasErrorCode(error, "precondition-failed") ? current : { ...current, version };
      sendRejected(res, { base, visit, form, current: shown }, error);
    }
  };
}

/** @throws AppError as `parseExtensionForm` and `ScimExtensions.put` */
async function save(
  { services }: PageOptions,
  caller: Caller,
  form: ExtensionForm,
  expected: ExpectedVersion,
): Promise<ScimExtension> {
  const { urn, content } = parseExtensionForm(form);
  return (await services.scimExtensions.put(caller, urn, expected, content)).stored;
}

interface FormProps {
  readonly base: string;
  readonly visit: Visit;
  readonly form: ExtensionForm;
  /** The schema that is edited, with the version that the form shows. Absent for a new one. */
  readonly current?: ScimExtension;
  readonly errors?: FormErrors;
}

/** Shows the form again with the reason. @throws the error if it has nothing to do with the content */
function sendRejected(res: Response, props: FormProps, error: unknown): void {
  if (hasErrorCode(error, "precondition-failed")) {
    const detail = props.current
      ? "Another administrator has changed the schema since you opened the form. Compare it with the current one in another tab; saving again replaces it."
      : "A schema with this URN exists already.";
    sendForm(res, 412, { ...props, errors: new FormErrors(new Map([["urn", [detail]]])) });
  } else if (stateErrors.some((code) => hasErrorCode(error, code))) {
    const { details, message } = error as AppError;
    const { field = "attributes", blockers = [] } = details;
    const names = blockers.map(({ name }) => name).join(", ");
    const detail = names === "" ? message : `${message} Held by: ${names}.`;
    sendForm(res, 409, { ...props, errors: new FormErrors(new Map([[field.split(".")[0] ?? field, [detail]]])) });
  } else sendForm(res, 400, { ...props, errors: toFormErrors(error) });
}

/** What the state of the store does not allow. */
const stateErrors = ["conflict", "limit-reached", "referenced", "mutability"] as const;

function sendForm(
  res: Response,
  httpStatus: 200 | 400 | 409 | 412,
  { base, visit, form, current, errors }: FormProps,
): void {
  const list = `${base}/provisioning/extensions`;
  const title = current ? `Edit ${current.urn}` : "Create extension schema";
  sendHtmlPage(
    res,
    httpStatus,
    <Layout title={title} base={base} visit={visit}>
      <p class="trail">
        <a href={`${base}/provisioning`}>Provisioning</a> / <a href={list}>Extension schemas</a>
      </p>
      <h1>{title}</h1>
      {errors && <ErrorSummary heading="The schema was not saved:" errors={errors} />}
      <form method="post" action={current ? `${list}/${current.id}/edit` : list}>
        <CsrfField visit={visit} />
        {current ? (
          <>
            <VersionField version={current.version} />
            <p id="urn" tabIndex={-1}>
              Extends {current.resourceType}. The URN and the resource type never change.
            </p>
          </>
        ) : (
          <>
            <TextField
              name="urn"
              label="URN"
              value={form.urn}
              required
              maxLength={200}
              hint="A name of your own, such as urn:example:scim:2.0:User. It never changes."
              errors={errors}
            />
            <SelectField
              name="resourceType"
              label="Extends"
              value={form.resourceType}
              options={{ User: "User", Group: "Group" }}
              errors={errors}
            />
          </>
        )}
        <TextField name="name" label="Name (optional)" value={form.name} maxLength={200} errors={errors} />
        <LinesField name="description" label="Description (optional)" value={form.description} errors={errors} />
        <LinesField
          name="attributes"
          label="Attributes (JSON)"
          value={form.attributes}
          rows={16}
          hint="A list as in the API. Each attribute has a name, and can have type (string, boolean, integer, decimal, dateTime, reference, binary, complex), multiValued, required, caseExact, mutability, indexed, description, canonicalValues, and subAttributes of a complex one."
          errors={errors}
        />
        <FormActions submit={current ? "Save" : "Create schema"} cancelUrl={current ? `${list}/${current.id}` : list} />
      </form>
    </Layout>,
  );
}
