import type { RequestHandler, Response } from "express";
import type { VNode } from "preact";
import { clientSecretInput, credentialInput } from "../../../../../schemas/credential.ts";
import type { McpServer } from "../../../../../schemas/mcp-server.ts";
import type { Caller } from "../../../../domain/caller.ts";
import { hasErrorCode } from "../../../../errors.ts";
import type { Services } from "../../../api/kernel/services.ts";
import { parseBody } from "../../../api/kernel/validation.ts";
import { httpStatuses } from "../../../server/error-mapping.ts";
import { CsrfField, TextField } from "../../fields.tsx";
import { FormErrors, readText, toFormErrors } from "../../form.ts";
import type { PageOptions } from "../../options.ts";
import { Layout, redirect, sendHtmlPage } from "../../page.tsx";
import { requireVisit, type Visit } from "../../visit.ts";
import { requireResource } from "../section.ts";
import { mcpServerSection } from "./section.tsx";
import { ServerTrail } from "./tool.tsx";

/** A secret of an MCP server: the credential of the organization, or the client secret of OAuth 2.0. */
interface ServerSecret {
  readonly heading: string;
  readonly hint: string;
  readonly isUsedBy: (server: McpServer) => boolean;
  readonly store: (services: Services, caller: Caller, id: string, value: string) => Promise<unknown>;
  readonly remove: (services: Services, caller: Caller, id: string) => Promise<void>;
}

const secrets = {
  credential: {
    heading: "Credential of the organization",
    hint: "The value of the header, including a scheme such as Bearer. Users without a credential of their own call the tools with it.",
    isUsedBy: ({ transport, auth }) => transport === "http" && auth.type !== "none",
    store: ({ credentials }, caller, id, value) =>
      credentials.setForServer(caller, id, parseBody(credentialInput, { value }).value),
    remove: ({ credentials }, caller, id) => credentials.remove(caller, "mcp-server", id),
  },
  "client-secret": {
    heading: "Client secret",
    hint: "The secret of the OAuth client, with which this service exchanges and refreshes tokens.",
    isUsedBy: ({ auth }) => auth.type === "oauth2",
    store: ({ clientSecrets }, caller, id, value) =>
      clientSecrets.set(caller, id, parseBody(clientSecretInput, { value }).value),
    remove: ({ clientSecrets }, caller, id) => clientSecrets.remove(caller, id),
  },
} as const satisfies Readonly<Record<string, ServerSecret>>;

/** The secrets of an MCP server by their names in addresses. */
export type SecretName = keyof typeof secrets;
export const secretNames = Object.keys(secrets) as readonly SecretName[];

/** Shows the forms that store and delete the secrets of a server. No page ever shows a stored secret. */
export function showSecrets({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowMcpServerSecrets";
    const visit = requireVisit(req);
    const server = await requireResource(mcpServerSection, services, visit, req.params["id"]);
    await sendSecrets(res, 200, { base, services, visit, server });
  };
}

/** Stores a secret. */
export function storeSecret(name: SecretName, { base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = `consoleStoreMcpServer${name === "credential" ? "Credential" : "ClientSecret"}`;
    const visit = requireVisit(req);
    const server = await requireResource(mcpServerSection, services, visit, req.params["id"]);
    try {
      await secrets[name].store(services, visit.caller, server.id, readText(req, name));
    } catch (error) {
      const isRejected = hasErrorCode(error, "conflict") || hasErrorCode(error, "not-implemented");
      const errors = isRejected
        ? new FormErrors(new Map([[name, [error.message]]]))
        : toFormErrors(error, { value: name });
      await sendSecrets(res, isRejected ? httpStatuses[error.code] : 400, { base, services, visit, server, errors });
      return;
    }
    redirect(res, `${base}${mcpServerSection.path}/${server.id}`);
  };
}

/** Deletes a secret. */
export function deleteSecret(name: SecretName, { base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = `consoleDeleteMcpServer${name === "credential" ? "Credential" : "ClientSecret"}`;
    const visit = requireVisit(req);
    const server = await requireResource(mcpServerSection, services, visit, req.params["id"]);
    await secrets[name].remove(services, visit.caller, server.id);
    redirect(res, `${base}${mcpServerSection.path}/${server.id}`);
  };
}

interface SecretsPage extends PageOptions {
  readonly visit: Visit;
  readonly server: McpServer;
  readonly errors?: FormErrors;
}

async function sendSecrets(res: Response, status: number, page: SecretsPage): Promise<void> {
  const { base, services, visit, server, errors } = page;
  const { organizationId } = visit.caller;
  const stored: Readonly<Record<SecretName, boolean>> = {
    credential: (await services.credentials.describe(organizationId, server.id)).hasCredential,
    "client-secret": (await services.clientSecrets.describe(organizationId, server.id)).hasCredential,
  };
  const shown = secretNames.filter((name) => secrets[name].isUsedBy(server) || stored[name]);
  const url = `${base}${mcpServerSection.path}/${server.id}`;
  sendHtmlPage(
    res,
    status,
    <Layout title={`Credentials of ${server.name}`} base={base} visit={visit}>
      <ServerTrail base={base} server={server} />
      <h1>Credentials of {server.name}</h1>
      <p>Credentials are stored encrypted. No page, response or audit event shows them again.</p>
      {shown.length === 0 && <p class="empty">The server takes no credentials.</p>}
      {shown.map((name) => (
        <SecretForms key={name} isStored={stored[name]} {...{ name, url, visit, errors }} />
      ))}
    </Layout>,
  );
}

function SecretForms({
  name,
  url,
  visit,
  isStored,
  errors,
}: {
  readonly name: SecretName;
  readonly url: string;
  readonly visit: Visit;
  readonly isStored: boolean;
  readonly errors: FormErrors | undefined;
}): VNode {
  const { heading, hint } = secrets[name];
  return (
    <section aria-labelledby={`${name}-heading`}>
      <h2 id={`${name}-heading`}>{heading}</h2>
      <p>{isStored ? "It is set." : "It is not set."}</p>
      <form method="post" action={`${url}/${name}`}>
        <CsrfField visit={visit} />
        <TextField
          name={name}
          label={`New ${heading.toLowerCase()}`}
          type="password"
          required
          hint={hint}
          errors={errors}
        />
        <button type="submit">{isStored ? "Replace" : "Store"}</button>
      </form>
      {isStored && (
        <form method="post" action={`${url}/${name}/delete`} class="actions">
          <CsrfField visit={visit} />
          <button type="submit" class="danger">
            Delete
          </button>
        </form>
      )}
    </section>
  );
}
