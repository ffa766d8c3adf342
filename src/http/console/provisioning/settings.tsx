import type { RequestHandler, Response } from "express";
import { type Organization, provisioningSettings } from "../../../../schemas/organization.ts";
import { hasErrorCode } from "../../../errors.ts";
import { parseBody } from "../../api/kernel/validation.ts";
import { Choice, CsrfField, FieldNotes, FormActions } from "../fields.tsx";
import { type FormErrors, readText, toFormErrors } from "../form.ts";
import type { PageOptions } from "../options.ts";
import { Layout, redirect, sendHtmlPage } from "../page.tsx";
import { readVersion, VersionField } from "../version-field.tsx";
import { requireVisit, type Visit } from "../visit.ts";
import { settingNames, settingTexts, toSettings } from "./settings-texts.tsx";

/** Shows the form of the provisioning settings. */
export function showProvisioningSettings({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowProvisioningSettings";
    const visit = requireVisit(req);
    const organization = await services.organizations.getOwn(visit.caller);
    sendForm(res, 200, { base, visit, version: organization.version, values: toSettings(organization) });
  };
}

/** Changes the provisioning settings. The other settings of the organization stay as they are. */
export function changeProvisioningSettings({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleChangeProvisioningSettings";
    const visit = requireVisit(req);
    const values = Object.fromEntries(settingNames.map((name) => [name, readText(req, name)]));
    const version = readVersion(req);
    try {
      const provisioning = parseBody(provisioningSettings, values);
      await services.organizations.update(visit.caller, { ifMatch: [version] }, (current: Organization) => ({
        ...current,
        provisioning,
      }));
    } catch (error) {
      if (hasErrorCode(error, "precondition-failed")) {
        const { version: current } = await services.organizations.getOwn(visit.caller);
        sendForm(res, 412, { base, visit, version: current, values, isOutdated: true });
        return;
      }
      sendForm(res, 400, { base, visit, version, values, errors: toFormErrors(error) });
      return;
    }
    redirect(res, `${base}/provisioning`);
  };
}

interface FormProps {
  readonly base: string;
  readonly visit: Visit;
  readonly version: number;
  readonly values: Readonly<Record<string, string>>;
  readonly errors?: FormErrors;
  /** Whether another administrator has changed the organization since the form was opened. */
  readonly isOutdated?: boolean;
}

function sendForm(
  res: Response,
  httpStatus: 200 | 400 | 412,
  { base, visit, version, values, errors, isOutdated = false }: FormProps,
): void {
  const url = `${base}/provisioning`;
  sendHtmlPage(
    res,
    httpStatus,
    <Layout title="Provisioning settings" base={base} visit={visit}>
      <p class="trail">
        <a href={url}>Provisioning</a>
      </p>
      <h1>Provisioning settings</h1>
      {isOutdated && (
        <p class="notice error" role="alert">
          The settings of the organization were changed since you opened the form. Nothing was saved. Check your
          choices, and save them again to apply them.
        </p>
      )}
      {errors && (
        <p class="notice error" role="alert">
          Nothing was saved. Choose one of the offered values of each setting.
        </p>
      )}
      <form method="post" action={`${url}/settings`}>
        <CsrfField visit={visit} />
        <VersionField version={version} />
        {settingNames.map((name) => {
          const { label, choices } = settingTexts[name];
          return (
            <fieldset key={name} id={name}>
              <legend>{label}</legend>
              {Object.entries(choices).map(([value, text]) => (
                <Choice
                  key={value}
                  type="radio"
                  name={name}
                  value={value}
                  label={text}
                  checked={values[name] === value}
                />
              ))}
              <FieldNotes name={name} label={label} errors={errors} />
            </fieldset>
          );
        })}
        <FormActions submit="Save" cancelUrl={url} />
      </form>
    </Layout>,
  );
}
