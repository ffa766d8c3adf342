import type { AccessResolver } from "../../../domain/access/access-resolver.ts";
import type { AuditLogReader } from "../../../domain/audit/audit-log-reader.ts";
import type { ProvisioningConnections } from "../../../domain/audit/provisioning-connections.ts";
import type { RequestLogReader } from "../../../domain/audit/request-log-reader.ts";
import type { ChangeableResources } from "../../../domain/changeable-resources.ts";
import type { McpConnections } from "../../../domain/connections/connections.ts";
import type { SignInClientSecrets } from "../../../domain/console/sign-in/sign-in-client-secret.ts";
import type { UpstreamCredentials } from "../../../domain/credentials/upstream-credentials.ts";
import type { Members } from "../../../domain/directory/members.ts";
import type { Memberships } from "../../../domain/directory/memberships.ts";
import type { DryRun } from "../../../domain/dry-run.ts";
import type { ClientSecrets } from "../../../domain/oauth/client-secrets.ts";
import type { OAuthConnections } from "../../../domain/oauth/oauth-connections.ts";
import type { TokenExchanges } from "../../../domain/tokens/exchange/exchange.ts";
import type { TokenReports } from "../../../domain/tokens/usage/reports.ts";
import type { CatalogRefresh } from "../../../domain/upstream/catalog-refresh.ts";
import type { WebhookTests } from "../../../domain/webhooks/webhook-tests.ts";
import type { Webhooks } from "../../../domain/webhooks/webhooks.ts";
import type { OrganizationSchemas } from "../../../scim/schema/organization-schemas.ts";

/** The domain services that the operations of `/api` call, and the SCIM schemas of organizations. */
export interface Services extends ChangeableResources {
  readonly members: Members;
  readonly memberships: Memberships;
  readonly access: AccessResolver;
  readonly connections: McpConnections;
  readonly credentials: UpstreamCredentials;
  readonly clientSecrets: ClientSecrets;
  readonly oauthConnections: OAuthConnections;
  readonly catalogRefresh: CatalogRefresh;
  readonly signInSecrets: SignInClientSecrets;
  readonly schemas: OrganizationSchemas;
  readonly webhooks: Webhooks;
  readonly webhookTests: WebhookTests;
  readonly auditEvents: AuditLogReader;
  readonly loggedRequests: RequestLogReader;
  readonly provisioning: ProvisioningConnections;
  readonly exchanges: Pick<TokenExchanges, "exchange" | "refresh">;
  readonly tokenReports: TokenReports;
  /** Starts a dry run for one request. */
  readonly startDryRun: () => DryRun;
}
