import type { ConsoleSignInSettings } from "../../schemas/console-sign-in.ts";
import { AccessResolver } from "../domain/access/access-resolver.ts";
import { AuditLogReader } from "../domain/audit/audit-log-reader.ts";
import { ProvisioningConnections } from "../domain/audit/provisioning-connections.ts";
import { RequestLogReader } from "../domain/audit/request-log-reader.ts";
import { createChangeableResources } from "../domain/changeable-resources.ts";
import { CascadeDeletes } from "../domain/cleanup/cascade-deletes.ts";
import { Authorizations } from "../domain/connections/authorizations.ts";
import { McpConnections } from "../domain/connections/connections.ts";
import { SigningKey } from "../domain/connections/signing-key.ts";
import { type ConsoleSignIn, createConsoleSignIn } from "../domain/console/sign-in/console-sign-in.ts";
import { OpenIdProviders } from "../domain/console/sign-in/provider-metadata.ts";
import { CredentialCipher } from "../domain/credentials/credential-cipher.ts";
import { UpstreamCredentials } from "../domain/credentials/upstream-credentials.ts";
import { Members } from "../domain/directory/members.ts";
import { Memberships } from "../domain/directory/memberships.ts";
import { startDryRun } from "../domain/dry-run.ts";
import { AuthorizationRequests } from "../domain/oauth/authorization-requests.ts";
import { ClientSecrets } from "../domain/oauth/client-secrets.ts";
import { ConnectionTokens } from "../domain/oauth/connection-tokens.ts";
import { disconnectDeactivatedUser } from "../domain/oauth/deactivated-users.ts";
import { OAuthConnections } from "../domain/oauth/oauth-connections.ts";
import { TokenEndpoint } from "../domain/oauth/token-endpoint.ts";
import { TokenRevocations } from "../domain/oauth/token-revocations.ts";
import { TokenExchanges } from "../domain/tokens/exchange/exchange.ts";
import { TokenFormatGate } from "../domain/tokens/legacy/legacy.ts";
import { PersonalTokenCleanup } from "../domain/tokens/personal-token-cleanup.ts";
import { TokenReports } from "../domain/tokens/usage/reports.ts";
import { type TokenSettings, TokenVerifier } from "../domain/tokens/verify/token-verifier.ts";
import { CatalogRefresh } from "../domain/upstream/catalog-refresh.ts";
import { McpUpstreamCalls } from "../domain/upstream/mcp-upstream-calls.ts";
import { findOwnCredential } from "../domain/upstream/own-credential.ts";
import { assertServerUrl } from "../domain/upstream/server-url.ts";
import { WebhookDeliveries } from "../domain/webhooks/webhook-deliveries.ts";
import { WebhookSender } from "../domain/webhooks/webhook-sender.ts";
import { WebhookTests } from "../domain/webhooks/webhook-tests.ts";
import { Webhooks } from "../domain/webhooks/webhooks.ts";
import type { Services } from "../http/api/kernel/services.ts";
import { toTokenPolicy } from "../operator-domain.ts";
import { OrganizationSchemas } from "../scim/schema/organization-schemas.ts";
import type { AppContext } from "./context.ts";
import type { Outbound } from "./outbound.ts";
import type { Recorders } from "./recorders.ts";

/** The domain: what the APIs call, and what background jobs continue. */
export interface AppServices extends Pick<ConsoleSignIn, "userSessions" | "userSignIns"> {
  readonly api: Services;
  readonly verifier: TokenVerifier;
  readonly formatGate: TokenFormatGate;
  readonly authorizations: Authorizations;
  readonly upstreamCalls: McpUpstreamCalls;
  readonly connectionTokens: ConnectionTokens;
  readonly tokenRevocations: TokenRevocations;
  readonly webhookDeliveries: WebhookDeliveries;
  readonly cascadeDeletes: CascadeDeletes;
  readonly tokenCleanup: PersonalTokenCleanup;
}

/** Creates the domain. The `formatGate` must be flushed before the first request, so that it knows imported tokens. */
export function createServices(
  context: AppContext,
  outbound: Outbound,
  { usage, rejections, signals, activity }: Recorders,
): AppServices {
  const { store, undecoratedStore, config, log, now, quotas, traces } = context;
  const { publicUrl } = config;
  const { guard, oauthHttp } = outbound;
  const cipher = new CredentialCipher(config.credentialKeys);
  const isOwnCredential = findOwnCredential(config);

  const tokenSettings: TokenSettings = {
    prefix: config.tokenPrefix,
    hasCache: config.hasCache,
    ...(config.tokenPepper !== undefined && { pepper: config.tokenPepper }),
    ...(config.authSecret !== undefined && { authSecret: config.authSecret }),
  };
  const formatGate = new TokenFormatGate(store, tokenSettings);

  const openIdProviders = new OpenIdProviders(oauthHttp, guard);
  const changeSettings = {
    contentLimits: config.contentLimits,
    tokenPolicy: toTokenPolicy(config),
    assertServer: assertServerUrl(guard),
    assertSignInWorks: ({ issuer }: ConsoleSignInSettings) => openIdProviders.discover(issuer),
  };
  const cascadeDeletes = new CascadeDeletes(store);
  const tokenCleanup = new PersonalTokenCleanup(store, (end, deadline) =>
    disconnectDeactivatedUser(store, end, deadline),
  );
  const resources = createChangeableResources(store, { ...changeSettings, cascadeDeletes, tokenCleanup });
  const { users, mcpServers, scimExtensions, tokens, organizations } = resources;
  const access = new AccessResolver(store);

  const endpoint = new TokenEndpoint(oauthHttp, now);
  const connectionTokens = new ConnectionTokens({ store, cipher, endpoint, log, publicUrl, now });
  const requests = new AuthorizationRequests(store, cipher, now);
  const authorizations = new Authorizations({
    key: new SigningKey(store, "connection-state"),
    ...{ requests, publicUrl, now },
  });
  const credentials = new UpstreamCredentials({ store, cipher, isOwnCredential, tokens: connectionTokens, publicUrl });
  const upstreamCalls = new McpUpstreamCalls({
    http: outbound.upstreamHttp,
    ...{ credentials, isOwnCredential, publicUrl },
  });

  const sender = new WebhookSender(outbound.webhookHttp);
  const webhookSender = traces?.traceSender(sender) ?? sender;
  const webhooks = new Webhooks(store, cipher, guard);

  const { signInSecrets, userSessions, userSignIns } = createConsoleSignIn({
    ...{ store, organizations, users, cipher, isOwnCredential, http: oauthHttp, providers: openIdProviders },
    ...{ rejections, log, publicUrl, now },
  });
  const exchanges = new TokenExchanges(store, toTokenPolicy(config), {
    users,
    tokens,
    jwks: outbound.jwks,
    rejections,
  });

  const api: Services = {
    ...resources,
    members: new Members(store),
    memberships: new Memberships(store),
    access,
    connections: new McpConnections(store, mcpServers, authorizations),
    credentials,
    clientSecrets: new ClientSecrets(store, cipher, isOwnCredential),
    oauthConnections: new OAuthConnections({ store, cipher, requests, endpoint, access, log, publicUrl }),
    catalogRefresh: new CatalogRefresh(store, mcpServers, upstreamCalls, quotas.serverRefreshes.organization),
    signInSecrets,
    schemas: new OrganizationSchemas((organizationId) => scimExtensions.list(organizationId)),
    webhooks,
    webhookTests: new WebhookTests({
      ...{ store, cipher, sender: webhookSender, webhooks },
      quota: quotas.webhookTests.organization,
    }),
    auditEvents: new AuditLogReader(store),
    loggedRequests: new RequestLogReader(store),
    provisioning: new ProvisioningConnections(store, now),
    exchanges: traces?.traceExchanges(exchanges) ?? exchanges,
    tokenReports: new TokenReports(store, tokenSettings, formatGate),
    startDryRun: () => startDryRun(undecoratedStore, changeSettings),
  };
  return {
    api,
    verifier: new TokenVerifier(store, tokenSettings, formatGate, { usage, rejections, signals, activity, log }),
    webhookDeliveries: new WebhookDeliveries({ store, cipher, sender: webhookSender, log }),
    tokenRevocations: new TokenRevocations(store, cipher, endpoint, log),
    ...{ formatGate, authorizations, upstreamCalls, connectionTokens, cascadeDeletes, tokenCleanup },
    ...{ userSessions, userSignIns },
  };
}
