import type { Request, RequestHandler, Response } from "express";
import { organizationInput } from "../../../../schemas/organization.ts";
import { tokenType } from "../../../../schemas/token.ts";
import { parseBody } from "../../api/kernel/validation.ts";
import { ErrorSummary } from "../error-summary.tsx";
import { Choice, CsrfField, FieldNotes, FormActions, TextField } from "../fields.tsx";
import { type FormErrors, readText, readValues, toFormErrors } from "../form.ts";
import { Layout, redirect, sendHtmlPage } from "../page.tsx";
import { typeTexts } from "../tokens/texts.ts";
import { readVersion, VersionField } from "../version-field.tsx";
import { requireVisit, type Visit } from "../visit.ts";
import type { SettingsPagesOptions } from "./options.ts";
import { SettingsTrail } from "./parts.tsx";

interface OrganizationForm {
  readonly version: number;
  readonly name: string;
  readonly maxTtlDays: string;
  readonly defaultTtlDays: string;
  readonly allowedTypes: readonly string[];
}

/** Shows the form of the organization's name and of the limits of its tokens. */
export function showOrganizationForm({ base, services }: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowOrganizationForm";
    const visit = requireVisit(req);
    const { version, name, tokenPolicy } = await services.organizations.getOwn(visit.caller);
    const { maxTtlDays = "", defaultTtlDays = "", allowedTypes = tokenType.options } = tokenPolicy ?? {};
    sendForm(res, 200, base, visit, {
      ...{ version, name, allowedTypes },
      ...{ maxTtlDays: String(maxTtlDays), defaultTtlDays: String(defaultTtlDays) },
    });
  };
}

/** Stores the name and the limits. Invalid fields are shown with their errors. */
export function saveOrganization({ base, services }: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleSaveOrganization";
    const visit = requireVisit(req);
    const form = readForm(req);
    try {
      const { name, tokenPolicy } = parseBody(organizationInput, toBody(form));
      const expected = { ifMatch: [form.version] };
      await services.organizations.update(visit.caller, expected, ({ tokenPolicy: _, ...current }) => ({
        ...current,
        name,
        ...(tokenPolicy && { tokenPolicy }),
      }));
    } catch (error) {
      const errors = toFormErrors(error, fieldNames);
      res.locals["rejection"] = errors.all.map(([field]) => `${field} is not valid`).join(", ");
      sendForm(res, 400, base, visit, form, errors);
      return;
    }
    redirect(res, `${base}/settings`);
  };
}

const fieldNames = Object.fromEntries(
  ["maxTtlDays", "defaultTtlDays", "allowedTypes"].map((name) => [`tokenPolicy/${name}`, name]),
);

const readForm = (req: Pick<Request, "body">): OrganizationForm => ({
  ...{ version: readVersion(req), name: readText(req, "name") },
  ...{ maxTtlDays: readText(req, "maxTtlDays"), defaultTtlDays: readText(req, "defaultTtlDays") },
  allowedTypes: readValues(req, "allowedTypes"),
});

/** All types are the same as no limit of types. */
function toBody({ name, maxTtlDays, defaultTtlDays, allowedTypes }: OrganizationForm): object {
  const hasAllTypes = tokenType.options.every((each) => allowedTypes.includes(each));
  const tokenPolicy = {
    ...(maxTtlDays !== "" && { maxTtlDays: Number(maxTtlDays) }),
    ...(defaultTtlDays !== "" && { defaultTtlDays: Number(defaultTtlDays) }),
    ...(!hasAllTypes && { allowedTypes }),
  };
  return { name, ...(Object.keys(tokenPolicy).length > 0 && { tokenPolicy }) };
}

function sendForm(
  res: Response,
  status: number,
  base: string,
  visit: Visit,
  form: OrganizationForm,
  errors?: FormErrors,
): void {
  sendHtmlPage(
    res,
    status,
    <Layout title="Organization settings" base={base} visit={visit}>
      <SettingsTrail base={base} />
      <h1>Organization</h1>
      {errors && <ErrorSummary heading="The settings were not saved." errors={errors} />}
      <form method="post" action={`${base}/settings/organization`}>
        <CsrfField visit={visit} />
        <VersionField version={form.version} />
        <TextField name="name" label="Name" value={form.name} required maxLength={200} errors={errors} />
        <TextField
          name="maxTtlDays"
          label="Longest lifetime of tokens, in days"
          value={form.maxTtlDays}
          errors={errors}
          hint="Empty: the limit of the installation. Existing tokens do not change."
        />
        <TextField
          name="defaultTtlDays"
          label="Default lifetime of tokens, in days"
          value={form.defaultTtlDays}
          errors={errors}
          hint="Of tokens without a requested expiry. Empty: the longest one."
        />
        <fieldset id="allowedTypes" tabIndex={-1}>
          <legend>Types of tokens that can be created</legend>
          {tokenType.options.map((type) => (
            <Choice
              key={type}
              type="checkbox"
              name="allowedTypes"
              value={type}
              checked={form.allowedTypes.includes(type)}
              label={type}
              hint={typeTexts[type]}
            />
          ))}
          <FieldNotes name="allowedTypes" label="Types" errors={errors} />
        </fieldset>
        <FormActions submit="Save" cancelUrl={`${base}/settings`} />
      </form>
    </Layout>,
  );
}
