import type { Request, RequestHandler, Response } from "express";
import type { VNode } from "preact";
import { type Token, tokenPatch } from "../../../../schemas/token.ts";
import { expandScopes } from "../../../domain/tokens/scopes.ts";
import { AppError, hasErrorCode } from "../../../errors.ts";
import { parseBody } from "../../api/kernel/validation.ts";
import { toTokenUpdate } from "../../api/resources/token-input.ts";
import { ErrorSummary } from "../error-summary.tsx";
import { Choice, CsrfField, FieldNotes, FormActions, TextField } from "../fields.tsx";
import { type FormErrors, readLongText, readText, readValues, toFormErrors, toLines } from "../form.ts";
import { fromLabelLines, LabelsField, toLabelLines } from "../labels.tsx";
import { Layout, redirect, sendHtmlPage } from "../page.tsx";
import { formatTime } from "../time.tsx";
import { readVersion, VersionField } from "../version-field.tsx";
import { requireVisit, type Visit } from "../visit.ts";
import { readTokenId, type TokenPagesOptions, toListTitle, toListUrl, toOwner } from "./options.ts";
import { scopeTexts } from "./texts.ts";
import { AllowedIpsField, DescriptionField } from "./token-fields.tsx";
import { expiryPresets, formFieldNames, toExpiryFields } from "./token-form.ts";

/** The form of a token that exists, as it was submitted. */
interface EditForm {
  readonly name: string;
  readonly description: string;
  readonly labels: string;
  readonly scopes: readonly string[];
  /** `keep`, a number of days, `date` or `never`. */
  readonly expiry: string;
  readonly expiryDate: string;
  readonly allowedIps: string;
  /** The version that the form showed. A change of another one is rejected, so that none is lost. */
  readonly version: number;
}

/** Shows the fields of a token that can change. */
export function showEditForm(options: TokenPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowTokenEditForm";
    const token = await readToken(options, req);
    sendEditForm(res, 200, options, { visit: requireVisit(req), token, form: toEditForm(token) });
  };
}

/** Changes a token. A form that shows an older version of the token changes nothing. */
export function changeToken(options: TokenPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleChangeToken";
    const visit = requireVisit(req);
    const { caller } = visit;
    const token = await readToken(options, req);
    const form = readEditForm(req, token);
    try {
      const update = toTokenUpdate(parseBody(tokenPatch, toPatch(form, token)));
      const expected = { ifMatch: [form.version] };
      await options.services.tokens.update(caller, token.id, expected, update, toOwner(options, caller));
    } catch (error) {
      const isOutdated = hasErrorCode(error, "precondition-failed");
      const errors = isOutdated ? undefined : toFormErrors(error, formFieldNames);
      sendEditForm(res, isOutdated ? 412 : 400, options, { visit, token, form, errors });
      return;
    }
    redirect(res, `${toListUrl(options)}/${token.id}`);
  };
}

function readToken(options: TokenPagesOptions, req: Request): Promise<Token> {
  const { caller } = requireVisit(req);
  return options.services.tokens.get(caller.organizationId, readTokenId(req), toOwner(options, caller));
}

const toEditForm = ({
  name,
  description = "",
  labels,
  scopes = ["all"],
  allowedIps = [],
  version,
}: Token): EditForm => ({
  ...{
    name,
    description,
    labels: toLabelLines(labels),
    scopes,
    expiry: "keep",
    expiryDate: "",
    allowedIps: allowedIps.join("\n"),
  },
  version,
});

function readEditForm(req: Request, token: Token): EditForm {
  const text = (name: keyof EditForm): string => readText(req, name);
  return {
    ...{
      name: text("name"),
      description: readLongText(req, "description", token.description),
      labels: text("labels"),
      scopes: readValues(req, "scopes"),
    },
    ...{ expiry: text("expiry"), expiryDate: text("expiryDate"), allowedIps: text("allowedIps") },
    version: readVersion(req),
  };
}

/** Converts the form to the body of `PATCH /api/tokens/{id}`, whose schema then validates it. */
function toPatch(form: EditForm, { labels = {} }: Token): Readonly<Record<string, unknown>> {
  if (form.expiryDate !== "" && form.expiry !== "date")
    throw new AppError("invalid-value", 'Choose "On a date" to use the last day, or clear it.', { field: "expiresAt" });
  return {
    ...{ name: form.name, description: form.description === "" ? null : form.description },
    // The form has all labels: those that it lacks are removed.
    labels: { ...Object.fromEntries(Object.keys(labels).map((key) => [key, null])), ...fromLabelLines(form.labels) },
    ...{ scopes: form.scopes, allowedIps: toLines(form.allowedIps) },
    ...(form.expiry !== "keep" && toExpiryFields(form)),
  };
}

interface EditPageProps {
  readonly visit: Visit;
  readonly token: Token;
  readonly form: EditForm;
  readonly errors?: FormErrors | undefined;
}

function sendEditForm(res: Response, status: 200 | 400 | 412, options: TokenPagesOptions, props: EditPageProps): void {
  const { visit, token, form, errors } = props;
  const listUrl = toListUrl(options);
  const url = `${listUrl}/${token.id}`;
  sendHtmlPage(
    res,
    status,
    <Layout title={`Edit ${token.name}`} base={options.base} visit={visit}>
      <p class="trail">
        <a href={listUrl}>{toListTitle(options)}</a> / <a href={url}>{token.name}</a>
      </p>
      <h1>Edit {token.name}</h1>
      {status === 412 && (
        <div class="notice error" role="alert">
          <p>
            The token was changed since this form was opened, and nothing was saved.{" "}
            <a href={`${url}/edit`}>Open the form with the current values</a>, and enter your changes again.
          </p>
        </div>
      )}
      {errors && <ErrorSummary heading="The token was not changed:" errors={errors} />}
      <form method="post" action={`${url}/edit`}>
        <CsrfField visit={visit} />
        <VersionField version={form.version} />
        <TextField name="name" label="Name" value={form.name} required maxLength={200} errors={errors} />
        <DescriptionField value={form.description} errors={errors} />
        <ReducedScopes token={token} form={form} errors={errors} />
        <EditedExpiry token={token} form={form} errors={errors} />
        <AllowedIpsField value={form.allowedIps} errors={errors} />
        <LabelsField value={form.labels} errors={errors} />
        <FormActions submit="Save" cancelUrl={url} />
      </form>
    </Layout>,
  );
}

type EditFieldProps = Pick<EditPageProps, "token" | "form" | "errors">;

/** The scopes that the token has or that those include: a token can lose scopes and get none. */
const ReducedScopes = ({ token, form, errors }: EditFieldProps): VNode => (
  <fieldset id="scopes" tabIndex={-1}>
    <legend>Scopes</legend>
    <p class="hint">A token can lose scopes, and get no further ones.</p>
    {[...expandScopes(token.scopes)].map((scope) => (
      <Choice
        key={scope}
        type="checkbox"
        name="scopes"
        value={scope}
        id={`scope-${scope.replace(":", "-")}`}
        label={scope}
        hint={scopeTexts[scope]}
        checked={form.scopes.includes(scope)}
      />
    ))}
    <FieldNotes name="scopes" label="Scopes" errors={errors} />
  </fieldset>
);

function EditedExpiry({ token: { expiresAt }, form, errors }: EditFieldProps): VNode {
  const choices = [
    ["keep", `As before: ${expiresAt === undefined ? "never" : formatTime(expiresAt)}`],
    ...expiryPresets.map((days) => [days, `In ${days} days from now`] as const),
    ...(expiresAt === undefined ? [] : [["never", "Never"] as const]),
    ["date", "On a date"],
  ] as const;
  return (
    <fieldset id="expiry" tabIndex={-1}>
      <legend>Expires</legend>
      {choices.map(([value, label]) => (
        <Choice key={value} type="radio" name="expiry" value={value} label={label} checked={form.expiry === value} />
      ))}
      <TextField name="expiryDate" label="Last day (UTC)" type="date" value={form.expiryDate} />
      <FieldNotes name="expiry" label="Expires" errors={errors} />
    </fieldset>
  );
}
