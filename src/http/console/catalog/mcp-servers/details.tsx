import type { VNode } from "preact";
import type { CredentialStatus } from "../../../../../schemas/credential.ts";
import type { McpServer } from "../../../../../schemas/mcp-server.ts";
import { findToolPolicies } from "../../../../domain/access/tool-matches.ts";
import { Codes, Fact } from "../../facts.tsx";
import { CsrfField } from "../../fields.tsx";
import { Time } from "../../time.tsx";
import { canWrite, type DetailContext } from "../section.ts";
import { ToolsByRisk } from "./tools-by-risk.tsx";

/** Renders how an MCP server is reached, its credentials, and its tools by risk with the policies that decide about them. */
export async function renderMcpServer(context: DetailContext<McpServer>): Promise<VNode> {
  const { base, services, visit, resource: server } = context;
  const { organizationId } = visit.caller;
  const url = `${base}/catalog/mcp-servers/${server.id}`;
  const [policies, credential, clientSecret, organization] = await Promise.all([
    findToolPolicies(services.policies, organizationId, server),
    services.credentials.describe(organizationId, server.id),
    services.clientSecrets.describe(organizationId, server.id),
    services.organizations.getOwn(visit.caller),
  ]);
  const isAutomatic = organization.mcp?.approveChanges === "automatic";
  return (
    <>
      <section aria-labelledby="access">
        <h2 id="access">Connection to the server</h2>
        <dl class="facts">
          {server.environment !== undefined && <Fact name="Environment">{server.environment}</Fact>}
          <Fact name="Transport">{server.transport}</Fact>
          {server.url !== undefined && (
            <Fact name="URL">
              <code>{server.url}</code>
            </Fact>
          )}
          {server.transport === "http" && (
            <Fact name="Time limit of a call">{server.timeoutSeconds ?? 30} seconds</Fact>
          )}
          {server.command !== undefined && (
            <Fact name="Command">
              <code>{server.command}</code>
            </Fact>
          )}
          {server.args !== undefined && (
            <Fact name="Arguments">
              <Codes values={server.args} />
            </Fact>
          )}
          <AuthFacts auth={server.auth} />
          {server.transport === "http" && server.auth.type !== "none" && (
            <Fact name="Credential of the organization">
              <SecretStatus status={credential} />
            </Fact>
          )}
          {server.auth.type === "oauth2" && (
            <Fact name="Client secret">
              <SecretStatus status={clientSecret} />
            </Fact>
          )}
        </dl>
        <p class="actions">
          <a href={`${url}/connections`}>Connections of users</a>
          {canWrite(visit) && server.auth.type !== "none" && <a href={`${url}/secrets`}>Store or delete credentials</a>}
        </p>
      </section>
      <section aria-labelledby="tools">
        <h2 id="tools">Tools</h2>
        {canWrite(visit) && (
          <div class="actions">
            {server.transport === "http" && (
              <form method="post" action={`${url}/refresh`}>
                <CsrfField visit={visit} />
                <button type="submit">{isAutomatic ? "Refresh tools now" : "Compare with the server"}</button>
              </form>
            )}
            <a class="button secondary" href={`${url}/tools/edit`}>
              Add a tool
            </a>
            {isAutomatic && (
              <span class="muted">Changes are applied at once: the organization approves them automatically.</span>
            )}
          </div>
        )}
        <ToolsByRisk base={base} url={url} tools={server.tools} policies={policies} />
      </section>
    </>
  );
}

/** Whether a secret is stored, never the secret. */
const SecretStatus = ({
  status: { hasCredential, origin, updatedAt },
}: {
  readonly status: CredentialStatus;
}): VNode =>
  hasCredential ? (
    <>
      Set <Time at={updatedAt} absent="" />
      {origin !== undefined && <span class="sub">for {origin}</span>}
    </>
  ) : (
    <span class="muted">Not set</span>
  );

function AuthFacts({ auth }: Pick<McpServer, "auth">): VNode {
  if (auth.type === "none") return <Fact name="Authentication">None</Fact>;
  if (auth.type === "apiKey")
    return (
      <Fact name="Authentication">
        API key in the header <code>{auth.header}</code>
      </Fact>
    );
  const { type: _, scopes, ...fields } = auth;
  return (
    <>
      <Fact name="Authentication">OAuth 2.0</Fact>
      {Object.entries(fields).map(([name, value]) => (
        <Fact key={name} name={oauthLabels[name] ?? name}>
          <code>{value}</code>
        </Fact>
      ))}
      <Fact name="Scopes">{scopes.length > 0 ? <Codes values={scopes} /> : <span class="muted">None</span>}</Fact>
    </>
  );
}

const oauthLabels: Readonly<Record<string, string>> = {
  authorizationUrl: "Authorization URL",
  tokenUrl: "Token URL",
  revocationUrl: "Revocation URL",
  issuer: "Issuer",
  resource: "Resource",
  clientId: "Client id",
  clientAuthentication: "Client authentication",
  redirectUri: "Redirect URI",
};
