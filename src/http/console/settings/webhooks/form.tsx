import type { Request, RequestHandler, Response } from "express";
import { type WebhookContent, webhookInput } from "../../../../../schemas/webhook.ts";
import { type IssuedWebhook, toWebhookContent } from "../../../../domain/webhooks/webhooks.ts";
import { hasErrorCode } from "../../../../errors.ts";
import { parseBody } from "../../../api/kernel/validation.ts";
import { ErrorSummary } from "../../error-summary.tsx";
import { Choice, CsrfField, FormActions, LinesField, TextField } from "../../fields.tsx";
import { FormErrors, readLongText, readText, toFormErrors, toLines } from "../../form.ts";
import { NonceField } from "../../nonce.tsx";
import { Layout, redirect, sendHtmlPage } from "../../page.tsx";
import { readVersion, VersionField } from "../../version-field.tsx";
import { requireVisit, type Visit } from "../../visit.ts";
import type { SettingsPagesOptions } from "../options.ts";
import { readWebhook, sendIssuedWebhook, WebhookTrail } from "./parts.tsx";

interface WebhookForm {
  /** Of a webhook that exists; empty for a new one. */
  readonly id: string;
  readonly version: number;
  readonly slug: string;
  readonly url: string;
  readonly description: string;
  readonly actions: string;
  readonly enabled: boolean;
}

const newWebhook = { id: "", version: 0 } as const;

/** Shows the form of a new webhook. */
export function showNewWebhook(options: SettingsPagesOptions): RequestHandler {
  return (req, res) => {
    req.operationId = "consoleShowNewWebhook";
    const form = { ...newWebhook, slug: "", url: "", description: "", actions: "*", enabled: true };
    sendForm(res, 200, options, requireVisit(req), form);
  };
}

/** Shows the form of a webhook. */
export function showWebhookForm(options: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowWebhookForm";
    const visit = requireVisit(req);
    const webhook = await readWebhook(req, options.services, visit.caller.organizationId);
    const { id, version, slug, url, description = "", actions, enabled } = webhook;
    const form = { id, version, slug, url, description, actions: actions.join("\n"), enabled };
    sendForm(res, 200, options, visit, form);
  };
}

/** Creates a webhook, and shows its secret once. Invalid fields are shown with their errors. */
export function createWebhook(options: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleCreateWebhook";
    const visit = requireVisit(req);
    const { caller, sessionId } = visit;
    const form = { ...readForm(req), ...newWebhook };
    await options.submissions.useNonce(caller.organizationId, sessionId, readText(req, "nonce"));
    let issued: IssuedWebhook;
    try {
      issued = await options.services.webhooks.create(caller, toContent(form));
    } catch (error) {
      sendForm(res, 400, options, visit, form, toErrors(error));
      return;
    }
    const { webhook, secret = "" } = issued;
    const page = { base: options.base, visit, heading: `${webhook.slug} is created` };
    sendIssuedWebhook(res, 201, { webhook, secret }, page);
  };
}

/** Changes a webhook. Invalid fields are shown with their errors. */
export function editWebhook(options: SettingsPagesOptions): RequestHandler {
  const { base, services } = options;
  return async (req, res) => {
    req.operationId = "consoleEditWebhook";
    const visit = requireVisit(req);
    const { id, slug, description } = await readWebhook(req, services, visit.caller.organizationId);
    const form = { ...readForm(req, description), id, slug, version: readVersion(req) };
    try {
      const content = toContent(form);
      await services.webhooks.update(visit.caller, id, { ifMatch: [form.version] }, () => content);
    } catch (error) {
      sendForm(res, 400, options, visit, form, toErrors(error));
      return;
    }
    redirect(res, `${base}/settings/webhooks/${id}`);
  };
}

const readForm = (req: Pick<Request, "body">, stored?: string): Omit<WebhookForm, "id" | "version"> => ({
  ...{ slug: readText(req, "slug"), url: readText(req, "url") },
  ...{ description: readLongText(req, "description", stored), actions: readText(req, "actions") },
  enabled: readText(req, "enabled") === "true",
});

const toContent = ({ slug, url, description, actions, enabled }: WebhookForm): WebhookContent =>
  toWebhookContent(
    parseBody(webhookInput, {
      ...{ slug, url, enabled, actions: toLines(actions) },
      ...(description !== "" && { description }),
    }),
  );

/** @throws the error itself if it belongs to no field */
function toErrors(error: unknown): FormErrors {
  const isWithoutField = hasErrorCode(error, "not-implemented") || hasErrorCode(error, "limit-reached");
  return isWithoutField ? new FormErrors(new Map([["url", [error.message]]])) : toFormErrors(error);
}

function sendForm(
  res: Response,
  status: number,
  { base, submissions }: SettingsPagesOptions,
  visit: Visit,
  form: WebhookForm,
  errors?: FormErrors,
): void {
  const isNew = form.id === "";
  const heading = isNew ? "Create a webhook" : `Change ${form.slug}`;
  const url = `${base}/settings/webhooks${isNew ? "" : `/${form.id}`}`;
  if (errors) res.locals["rejection"] = errors.all.map(([field]) => `${field} is not valid`).join(", ");
  sendHtmlPage(
    res,
    status,
    <Layout title={heading} base={base} visit={visit}>
      <WebhookTrail base={base} />
      <h1>{heading}</h1>
      {errors && <ErrorSummary heading="The webhook was not saved." errors={errors} />}
      <form method="post" action={url}>
        <CsrfField visit={visit} />
        {isNew ? (
          <>
            <NonceField submissions={submissions} visit={visit} />
            <TextField
              name="slug"
              label="Name"
              value={form.slug}
              required
              maxLength={63}
              errors={errors}
              hint="Lowercase letters, digits and hyphens. It never changes."
            />
          </>
        ) : (
          <VersionField version={form.version} />
        )}
        <TextField
          name="url"
          label="URL"
          value={form.url}
          required
          errors={errors}
          hint="Events are sent there, signed. It must use HTTPS and be public, unless the operator allows its address."
        />
        <LinesField name="description" label="Description" value={form.description} errors={errors} />
        <LinesField
          name="actions"
          label="Actions"
          value={form.actions}
          errors={errors}
          hint="One per line: an action such as user.create, the beginning of actions such as user.*, or * for all."
        />
        <Choice type="checkbox" name="enabled" value="true" checked={form.enabled} label="Enabled" />
        <FormActions submit={isNew ? "Create webhook" : "Save"} cancelUrl={url} />
      </form>
    </Layout>,
  );
}
