import type { Response } from "express";
import type { VNode } from "preact";
import { type Scope, scope as scopeSchema, tokenType } from "../../../../schemas/token.ts";
import { allowedScopes, defaultScopes, expandScopes } from "../../../domain/tokens/scopes.ts";
import { ErrorSummary } from "../error-summary.tsx";
import { Choice, CsrfField, FieldNotes, FormActions, LinesField, SelectField, TextField } from "../fields.tsx";
import type { FormErrors } from "../form.ts";
import { LabelsField } from "../labels.tsx";
import { NonceField } from "../nonce.tsx";
import { Layout, sendHtmlPage } from "../page.tsx";
import type { Visit } from "../visit.ts";
import { type TokenPagesOptions, toListTitle, toListUrl } from "./options.ts";
import { scopeTexts, typeTexts } from "./texts.ts";
import { AllowedIpsField, DescriptionField } from "./token-fields.tsx";
import { expiryPresets, type TokenForm } from "./token-form.ts";

interface TokenFormProps {
  readonly options: TokenPagesOptions;
  readonly visit: Visit;
  readonly form: TokenForm;
  readonly errors?: FormErrors;
}

/** Sends the form of a new token, with the errors of the submitted one if there are any. */
export function sendTokenForm(res: Response, status: 200 | 400, props: TokenFormProps): void {
  const { options, visit, form, errors } = props;
  const { base, submissions, isPersonal } = options;
  const listUrl = toListUrl(options);
  sendHtmlPage(
    res,
    status,
    <Layout title="Create token" base={base} visit={visit}>
      <p class="trail">
        <a href={listUrl}>{toListTitle(options)}</a>
      </p>
      <h1>Create token</h1>
      {errors && <ErrorSummary heading="The token was not created:" errors={errors} />}
      <form method="post" action={listUrl}>
        <CsrfField visit={visit} />
        <NonceField submissions={submissions} visit={visit} />
        <TextField
          name="name"
          label="Name"
          value={form.name}
          required
          maxLength={200}
          hint="The purpose, such as Okta provisioning or alice-cursor."
          errors={errors}
        />
        <DescriptionField value={form.description} errors={errors} />
        <TypeField form={form} errors={errors} isPersonal={isPersonal} />
        <ScopesField form={form} errors={errors} isPersonal={isPersonal} />
        <ExpiryField form={form} errors={errors} />
        {!isPersonal && (
          <TextField
            name="user"
            label="User (optional)"
            value={form.user}
            hint="User name, e-mail address or id. A personal token acts only as this user, has connect scopes only, and ends with the user. Without a user, requests name one in x-user-email."
            errors={errors}
          />
        )}
        <AllowedIpsField value={form.allowedIps} errors={errors} />
        <LabelsField value={form.labels} errors={errors} />
        <Restrictions form={form} errors={errors} />
        <FormActions submit="Create token" cancelUrl={listUrl} />
      </form>
    </Layout>,
  );
}

interface GroupProps {
  readonly form: TokenForm;
  readonly errors: FormErrors | undefined;
}

/** A personal token has connect scopes only. */
interface ChoicesProps extends GroupProps {
  readonly isPersonal: boolean;
}

const isConnectScope = (scope: Scope): boolean => scope.startsWith("connect:");

function TypeField({ form, errors, isPersonal }: ChoicesProps): VNode {
  const types = tokenType.options.filter(
    (type) => !isPersonal || (type !== "admin" && allowedScopes[type].some(isConnectScope)),
  );
  return (
    <fieldset id="type" tabIndex={-1}>
      <legend>Type</legend>
      {types.map((type) => (
        <Choice
          key={type}
          type="radio"
          name="type"
          value={type}
          label={type}
          hint={`${typeTexts[type]} ${defaultText(defaultScopes[type])}`.trim()}
          checked={form.type === type}
        />
      ))}
      <FieldNotes name="type" label="Type" errors={errors} />
    </fieldset>
  );
}

const defaultText = (scopes: readonly Scope[]): string =>
  scopes.length === 0 ? "Choose its scopes." : `Without a choice of scopes: ${scopes.join(", ")}.`;

/** The scopes. The stylesheet marks those that a checked one includes, and those that the type cannot have. */
function ScopesField({ form, errors, isPersonal }: ChoicesProps): VNode {
  return (
    <fieldset id="scopes" tabIndex={-1}>
      <legend>Scopes</legend>
      {scopeSchema.options
        .filter((scope) => !isPersonal || isConnectScope(scope))
        .map((scope) => {
          const included = [...expandScopes([scope])].filter((each) => each !== scope);
          const types = tokenType.options.filter((type) => allowedScopes[type].includes(scope));
          return (
            <Choice
              key={scope}
              type="checkbox"
              name="scopes"
              value={scope}
              id={`scope-${scope.replace(":", "-")}`}
              class={`scope is-${scope.replace(":", "-")}`}
              label={
                <>
                  {scope} <span class="mark included">included</span>
                  <span class="mark unavailable">not for this type</span>
                </>
              }
              hint={`${scopeTexts[scope]}${included.length === 0 ? "" : ` Includes ${included.join(", ")}.`} For ${types.join(", ")}.`}
              checked={form.scopes.includes(scope)}
            />
          );
        })}
      <FieldNotes name="scopes" label="Scopes" errors={errors} />
    </fieldset>
  );
}

function ExpiryField({ form, errors }: GroupProps): VNode {
  const choices = { ...Object.fromEntries(expiryPresets.map((days) => [days, `In ${days} days`])), never: "Never" };
  return (
    <fieldset id="expiry" tabIndex={-1}>
      <legend>Expires</legend>
      {Object.entries(choices).map(([value, label]) => (
        <Choice key={value} type="radio" name="expiry" value={value} label={label} checked={form.expiry === value} />
      ))}
      <Choice type="radio" name="expiry" value="date" label="On a date" checked={form.expiry === "date"} />
      <TextField name="expiryDate" label="Last day (UTC)" type="date" value={form.expiryDate} />
      <FieldNotes name="expiry" label="Expires" errors={errors} />
    </fieldset>
  );
}

function Restrictions({ form, errors }: GroupProps): VNode {
  const fields = ["environment", "mcpServers", "maxRisk"] as const;
  const isOpen = fields.some((name) => form[name] !== "" || (errors?.of(name).length ?? 0) > 0);
  return (
    <details open={isOpen}>
      <summary>Restrictions of connect scopes (optional)</summary>
      <TextField
        name="environment"
        label="Environment"
        value={form.environment}
        hint="Only the MCP servers of this environment, such as production."
        errors={errors}
      />
      <LinesField
        name="mcpServers"
        label="MCP servers"
        value={form.mcpServers}
        hint="Slugs, one per line. Only these servers. The list cannot change later."
        errors={errors}
      />
      <SelectField
        name="maxRisk"
        label="Highest risk of tools"
        value={form.maxRisk}
        options={{ "": "Any", read: "read", write: "write", destructive: "destructive" }}
        errors={errors}
      />
    </details>
  );
}
