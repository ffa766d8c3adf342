import type { RequestHandler, Response } from "express";
import type { VNode } from "preact";
import type { CredentialStatus } from "../../../../schemas/credential.ts";
import type { Organization } from "../../../../schemas/organization.ts";
import { listRoleGroups } from "../../../domain/console/sign-in/console-roles.ts";
import { toSignInRedirectUri } from "../../../domain/console/sign-in/user-sign-ins.ts";
import { hasErrorCode } from "../../../errors.ts";
import { ErrorSummary } from "../error-summary.tsx";
import { CsrfField, FormActions, LinesField, SelectField, TextField } from "../fields.tsx";
import { FormErrors, toFormErrors } from "../form.ts";
import { Layout, redirect, sendHtmlPage } from "../page.tsx";
import { readVersion, VersionField } from "../version-field.tsx";
import { requireVisit, type Visit } from "../visit.ts";
import type { SettingsPagesOptions } from "./options.ts";
import { SettingsTrail } from "./parts.tsx";
import {
  readClientSecret,
  readSignInForm,
  type SignInForm,
  signInFieldNames,
  toSignInForm,
  toSignInSettings,
} from "./sign-in-form.ts";

/** Shows the form of the sign-in through an identity provider. */
export function showSignInSettings(options: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowSignInSettings";
    const { caller } = requireVisit(req);
    const { organizations, groups } = options.services;
    const organization = await organizations.getOwn(caller);
    const { consoleSignIn } = organization;
    const ids = consoleSignIn ? [...new Set(listRoleGroups(consoleSignIn))] : [];
    const where = { op: "in", path: "id", values: ids } as const;
    const { items } =
      ids.length === 0 ? { items: [] } : await groups.list(caller.organizationId, { where, limit: ids.length });
    const names = new Map(items.map(({ id, displayName }) => [id, displayName]));
    const form = toSignInForm(consoleSignIn, names);
    await sendForm(res, 200, options, requireVisit(req), { organization, version: organization.version, form });
  };
}

/** Stores the settings, and the client secret if one was entered. Invalid fields are shown with their errors. */
export function saveSignInSettings(options: SettingsPagesOptions): RequestHandler {
  const { base, services } = options;
  return async (req, res) => {
    req.operationId = "consoleSaveSignInSettings";
    const visit = requireVisit(req);
    const { caller } = visit;
    const form = readSignInForm(req);
    let version = readVersion(req);
    try {
      const secret = readClientSecret(req);
      if (secret !== undefined) services.signInSecrets.assertValue(secret);
      const consoleSignIn = await toSignInSettings(form, services, caller.organizationId);
      const expected = { ifMatch: [version] };
      ({ version } = await services.organizations.update(caller, expected, (current) => ({
        ...current,
        consoleSignIn,
      })));
      if (secret !== undefined) await services.signInSecrets.set(caller, secret);
    } catch (error) {
      const organization = await services.organizations.getOwn(caller);
      await sendForm(res, 400, options, visit, { organization, version, form, errors: toErrors(error) });
      return;
    }
    redirect(res, `${base}/settings`);
  };
}

/** Removes the sign-in and its client secret. Sessions of users end with their next request. */
export function removeSignInSettings({ base, services }: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleRemoveSignInSettings";
    const { caller } = requireVisit(req);
    const expected = { ifMatch: [readVersion(req)] };
    await services.organizations.update(caller, expected, ({ consoleSignIn: _, ...current }) => current);
    redirect(res, `${base}/settings`);
  };
}

/** @throws the error itself if it belongs to no field */
function toErrors(error: unknown): FormErrors {
  if (hasErrorCode(error, "not-implemented")) return new FormErrors(new Map([["clientSecret", [error.message]]]));
  return toFormErrors(error, signInFieldNames);
}

interface SignInFormPage {
  readonly organization: Organization;
  /** The version that the values of the form belong to. */
  readonly version: number;
  readonly form: SignInForm;
  readonly errors?: FormErrors;
}

async function sendForm(
  res: Response,
  status: number,
  { base, services, publicUrl }: SettingsPagesOptions,
  visit: Visit,
  { organization, version, form, errors }: SignInFormPage,
): Promise<void> {
  const secret = await services.signInSecrets.describe(organization.id);
  const url = `${base}/settings/sign-in`;
  if (errors) res.locals["rejection"] = errors.all.map(([field]) => `${field} is not valid`).join(", ");
  sendHtmlPage(
    res,
    status,
    <Layout title="Sign-in through an identity provider" base={base} visit={visit}>
      <SettingsTrail base={base} />
      <h1>Sign-in through an identity provider</h1>
      {errors && <ErrorSummary heading="The settings were not saved." errors={errors} />}
      <p>
        At the identity provider, create a web application for the authorization code flow with this redirect URI:
        <br />
        <code>{toSignInRedirectUri(publicUrl, organization.slug)}</code>
      </p>
      <form method="post" action={url}>
        <CsrfField visit={visit} />
        <VersionField version={version} />
        <ProviderFields form={form} errors={errors} secret={secret} />
        <RoleFields form={form} errors={errors} />
        <FormActions submit="Save" cancelUrl={`${base}/settings`} />
      </form>
      {organization.consoleSignIn && (
        <form method="post" action={`${url}/remove`} class="actions">
          <CsrfField visit={visit} />
          <VersionField version={version} />
          <button type="submit" class="danger">
            Remove the sign-in
          </button>
          <span class="hint">It ends the sessions of all users. Sessions of tokens continue.</span>
        </form>
      )}
    </Layout>,
  );
}

interface FieldsProps {
  readonly form: SignInForm;
  readonly errors: FormErrors | undefined;
}

const ProviderFields = ({
  form,
  errors,
  secret: { hasCredential, updatedAt = "" },
}: FieldsProps & { readonly secret: CredentialStatus }): VNode => (
  <>
    <TextField
      name="issuer"
      label="Issuer"
      value={form.issuer}
      required
      errors={errors}
      hint="The https URL, exactly as in the configuration document of the provider."
    />
    <TextField name="clientId" label="Client id" value={form.clientId} required errors={errors} />
    <TextField
      name="clientSecret"
      label="Client secret"
      type="password"
      errors={errors}
      hint={
        hasCredential
          ? `One is stored since ${updatedAt.slice(0, 10)}. Leave the field empty to keep it. Another issuer needs it again.`
          : "It is stored encrypted and never shown. Empty: a public client, which PKCE protects."
      }
    />
    <SelectField
      name="matchUsersBy"
      label="Find users by"
      value={form.matchUsersBy}
      options={{ email: "Verified e-mail address", externalId: "External id" }}
      errors={errors}
      hint="The address is the user name or the main e-mail address. Entra ID verifies no addresses: use the external id."
    />
    <TextField
      name="externalIdClaim"
      label="Claim with the external id"
      value={form.externalIdClaim}
      errors={errors}
      hint="sub, or oid for Entra ID."
    />
    <TextField
      name="groupsClaim"
      label="Claim with the groups"
      value={form.groupsClaim}
      errors={errors}
      hint="groups, or roles for app roles of Entra ID."
    />
  </>
);

const RoleFields = ({ form, errors }: FieldsProps): VNode => (
  <>
    <h2>Who can sign in</h2>
    <p class="hint">
      One value per line. A user with none of them cannot sign in. Whoever can change the members of a group of the
      directory, such as the SCIM token of the identity provider, grants its role.
    </p>
    {roleTexts.map(({ role, legend, fields }) => (
      <fieldset key={role} class="roles">
        <legend>{legend}</legend>
        {fields.map(({ name, label }) => (
          <LinesField key={name} name={name} label={label} value={form[name]} errors={errors} />
        ))}
      </fieldset>
    ))}
  </>
);

const claimLabel = (role: string) => `Groups in the ID token: ${role}`;
const groupLabel = (role: string) => `Groups of the directory: ${role}`;
const roleTexts = [
  {
    role: "read",
    legend: "Read (admin:read)",
    fields: [
      { name: "readClaims", label: claimLabel("read") },
      { name: "readGroups", label: groupLabel("read") },
    ],
  },
  {
    role: "write",
    legend: "Write (admin:write)",
    fields: [
      { name: "writeClaims", label: claimLabel("write") },
      { name: "writeGroups", label: groupLabel("write") },
    ],
  },
  {
    role: "full",
    legend: "Full access, with tokens (all)",
    fields: [{ name: "fullClaims", label: claimLabel("full access") }],
  },
] as const;
