import type { RequestHandler } from "express";
import type { VNode } from "preact";
import type { Caller } from "../../../domain/caller.ts";
import { AppError } from "../../../errors.ts";
import type { Services } from "../../api/kernel/services.ts";
import { Copyable } from "../copyable.tsx";
import { Fact } from "../facts.tsx";
import { SelectField } from "../fields.tsx";
import { Layout, sendHtmlPage } from "../page.tsx";
import { requireVisit } from "../visit.ts";
import type { SetupField, SetupGuide } from "./guide.ts";
import { InlineText } from "./inline-text.tsx";
import type { SetupOptions } from "./options.ts";

/** Shows how one product is connected, step by step. */
export function showSetupGuide({ base, services, guides }: SetupOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowSetupGuide";
    const visit = requireVisit(req);
    const guide = guides.find(({ slug }) => slug === req.params["slug"]);
    if (!guide) throw new AppError("not-found", "No page exists at this address.");
    const tokens = await findTokens(services, visit.caller, guide.token.type);
    const { name, steps, alternative, examples = [] } = guide;
    sendHtmlPage(
      res,
      200,
      <Layout title={`Connect ${name}`} base={base} visit={visit}>
        <p class="trail">
          <a href={`${base}/setup`}>Set up</a>
        </p>
        <h1>Connect {name}</h1>
        <h2>Create a token</h2>
        <TokenStep base={base} guide={guide} canCreate={visit.caller.scopes.has("admin:tokens")} />
        <h2>Enter the values</h2>
        <ol class="steps">
          {steps.map(({ text, fields }) => (
            <li key={text}>
              <InlineText text={text} />
              {fields && <Fields fields={fields} />}
            </li>
          ))}
        </ol>
        {alternative && (
          <>
            <h2>Or: {alternative.title}</h2>
            <Fields fields={alternative.fields} />
          </>
        )}
        {examples.map(({ title, text }, index) => (
          <Copyable key={title} id={`example-${index}`} label={title} text={text} />
        ))}
        <h2>Wait for the first request</h2>
        <WaitForm base={base} tokens={tokens} />
      </Layout>,
    );
  };
}

const tokensShown = 20;

/** Returns the newest tokens that the product may use, as far as the session may see them. */
async function findTokens(
  { tokens, provisioning }: Pick<Services, "tokens" | "provisioning">,
  { organizationId, scopes }: Pick<Caller, "organizationId" | "scopes">,
  type: SetupGuide["token"]["type"],
): Promise<readonly { readonly id: string; readonly name: string }[]> {
  if (!scopes.has("admin:read")) return []; // the page that waits requires it
  if (scopes.has("admin:tokens")) {
    const page = { limit: tokensShown, sort: { path: "id", direction: "descending" } } as const;
    return (await tokens.list(organizationId, page, { type, status: "active", origin: "issued" })).items;
  }
  if (type !== "scim") return [];
  return (await provisioning.list(organizationId, { limit: tokensShown })).items.map(({ token }) => token);
}

function TokenStep({
  base,
  guide: { token },
  canCreate,
}: {
  readonly base: string;
  readonly guide: SetupGuide;
  readonly canCreate: boolean;
}): VNode {
  const query = new URLSearchParams({ name: token.name, type: token.type, scopes: token.scopes.join(",") });
  return (
    <>
      <p>
        A token of type <code>{token.type}</code> with <code>{token.scopes.join(" ")}</code>, for this connection alone.
        Its name appears in the logs, and its secret is shown once.
      </p>
      {canCreate ? (
        <p>
          <a class="button" href={`${base}/tokens/new?${query}`}>
            Create token
          </a>
        </p>
      ) : (
        <p class="muted">
          This session cannot create tokens. It requires the scope <code>admin:tokens</code> or <code>all</code>.
        </p>
      )}
    </>
  );
}

const Fields = ({ fields }: { readonly fields: readonly SetupField[] }): VNode => (
  <dl class="facts">
    {fields.map(([name, value]) => (
      <Fact key={name} name={name}>
        <InlineText text={value} />
      </Fact>
    ))}
  </dl>
);

function WaitForm({
  base,
  tokens,
}: {
  readonly base: string;
  readonly tokens: readonly { readonly id: string; readonly name: string }[];
}): VNode {
  if (tokens.length === 0)
    return (
      <p class="muted">
        Reload this page when the token exists: it then leads to a page that shows the first request as soon as it
        arrives.
      </p>
    );
  return (
    <form method="get" action={`${base}/provisioning/live`} class="filters">
      <SelectField
        name="token"
        label="Token"
        value={tokens[0]?.id ?? ""}
        options={Object.fromEntries(tokens.map(({ id, name }) => [id, name]))}
      />
      <button type="submit">Wait for the first request</button>
    </form>
  );
}
