import type { Request, RequestHandler } from "express";
import type { VNode } from "preact";
import { z } from "zod";
import type { User } from "../../../../../schemas/user.ts";
import type { AccessDecision } from "../../../../domain/access/access-resolver.ts";
import type { Caller } from "../../../../domain/caller.ts";
import { createQueryParser } from "../../../api/kernel/validation.ts";
import { accessKind, type DecisionQuery, decideForQuery, decisionParameters } from "../../../api/resources/access.ts";
import { ErrorSummary } from "../../error-summary.tsx";
import { CheckBox, SelectField, TextField } from "../../fields.tsx";
import { type FormErrors, toFormErrors } from "../../form.ts";
import type { PageOptions } from "../../options.ts";
import { Layout, sendHtmlPage } from "../../page.tsx";
import { withoutEmpty } from "../../paging.tsx";
import { requireVisit } from "../../visit.ts";
import { requireUserInPath } from "../require-user.ts";
import { InactiveNotice } from "./list.tsx";
import { DecisionSteps } from "./steps.tsx";
import { kindTexts } from "./texts.ts";

const parse = createQueryParser(z.object(decisionParameters));

/** The tokens of the user to choose from: the oldest ones. Others are named by their id in the URL. */
const tokensMax = 50;

/** The decision now, and under the assumptions of the form if there are any. */
interface Decisions {
  readonly now: AccessDecision;
  readonly assumed: AccessDecision | undefined;
}

/**
 * Shows whether a user can use one resource, check by check, now and under assumptions. The form is part of the URL,
 * because it changes nothing, so that the page can be shared.
 */
export function showDecision(options: PageOptions): RequestHandler {
  const { base, services } = options;
  return async (req, res) => {
    req.operationId = "consoleShowAccessDecision";
    const visit = requireVisit(req);
    const { caller } = visit;
    const user = await requireUserInPath(req, options);
    const tokens = caller.scopes.has("admin:tokens")
      ? (await services.tokens.list(caller.organizationId, { limit: tokensMax }, { userId: user.id })).items
      : [];
    let decisions: Decisions | undefined;
    let errors: FormErrors | undefined;
    try {
      decisions = await decide(options, req, caller, user);
    } catch (error) {
      errors = toFormErrors(error);
    }
    const url = `${base}/users/${user.id}`;
    sendHtmlPage(
      res,
      errors ? 400 : 200,
      <Layout title={`Check the access of ${user.userName}`} base={base} visit={visit}>
        <p class="trail">
          <a href={`${base}/users`}>Users</a> / <a href={url}>{user.userName}</a> / <a href={`${url}/access`}>Access</a>
        </p>
        <h1>Why can {user.userName} use a resource, or not?</h1>
        <InactiveNotice user={user} />
        {errors && <ErrorSummary heading="The access was not checked:" errors={errors} />}
        {decisions && <Result base={base} decisions={decisions} />}
        <DecisionForm
          action={`${url}/access/decision`}
          query={req.query}
          errors={errors}
          tokens={Object.fromEntries(tokens.map(({ id, name, prefix }) => [id, `${name} (${prefix})`]))}
        />
      </Layout>,
    );
  };
}

/** @returns undefined before a resource is named */
async function decide(
  { services }: PageOptions,
  { query: fields }: Request,
  caller: Caller,
  user: User,
): Promise<Decisions | undefined> {
  if (fields["resource"] === undefined) return undefined;
  const query: DecisionQuery = parse(withoutEmpty({ ...fields, resource: trim(fields["resource"]) }));
  const { memberOf, withoutPolicy, assigned, ...rest } = query;
  const isAssuming = memberOf !== undefined || withoutPolicy !== undefined || assigned;
  return {
    now: await decideForQuery(services, caller, user, { ...rest, assigned: false }),
    assumed: isAssuming ? await decideForQuery(services, caller, user, query) : undefined,
  };
}

const trim = (value: unknown): unknown => (typeof value === "string" ? value.trim() : value);

function Result({
  base,
  decisions: { now, assumed },
}: {
  readonly base: string;
  readonly decisions: Decisions;
}): VNode {
  const { resource, tool } = now;
  return (
    <>
      <p>
        {resource.name} <code>{resource.slug}</code>
        {tool && (
          <>
            , tool <code>{tool.name}</code> <span class="muted">(risk: {tool.risk})</span>
          </>
        )}
      </p>
      <div class="columns">
        <DecisionSteps base={base} title="Now" decision={now} />
        {assumed && <DecisionSteps base={base} title="With the assumed change" decision={assumed} />}
      </div>
    </>
  );
}

function DecisionForm({
  action,
  query,
  errors,
  tokens,
}: {
  readonly action: string;
  readonly query: Request["query"];
  readonly errors: FormErrors | undefined;
  readonly tokens: Readonly<Record<string, string>>;
}): VNode {
  const text = (name: string): string => (typeof query[name] === "string" ? query[name] : "");
  const tokenId = text("tokenId");
  const choices = { "": "None", ...(tokenId !== "" && { [tokenId]: tokenId }), ...tokens };
  return (
    <form method="get" action={action}>
      <SelectField
        name="kind"
        label="Kind"
        value={text("kind")}
        options={Object.fromEntries(accessKind.options.map((kind) => [kind, kindTexts[kind]]))}
        errors={errors}
      />
      <TextField
        name="resource"
        label="Resource"
        value={text("resource")}
        required
        maxLength={200}
        hint="Slug, exact name or id."
        errors={errors}
      />
      <TextField
        name="tool"
        label="Tool (optional)"
        value={text("tool")}
        maxLength={200}
        hint="The name of a tool of the MCP server."
        errors={errors}
      />
      {Object.keys(choices).length > 1 && (
        <SelectField
          name="tokenId"
          label="Token (optional)"
          value={tokenId}
          options={choices}
          hint="Personal tokens of the user, whose restrictions are checked too."
          errors={errors}
        />
      )}
      <fieldset class="wide">
        <legend>What if (optional)</legend>
        <p class="hint">The same checks, as if one of these was true. Nothing is written.</p>
        <TextField
          name="memberOf"
          label="The user was a member of the group"
          value={text("memberOf")}
          hint="Name or id."
          errors={errors}
        />
        <TextField
          name="withoutPolicy"
          label="This policy was disabled"
          value={text("withoutPolicy")}
          hint="Slug or id."
          errors={errors}
        />
        <CheckBox name="assigned" checked={text("assigned") === "true"} label="The resource was assigned to the user" />
      </fieldset>
      <button type="submit">Check</button>
    </form>
  );
}
