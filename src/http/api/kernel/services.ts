import type { Command } from "../../../../schemas/command.ts";
import type { McpServer } from "../../../../schemas/mcp-server.ts";
import type { Policy } from "../../../../schemas/policy.ts";
import type { Skill } from "../../../../schemas/skill.ts";
import type { Toolkit } from "../../../../schemas/toolkit.ts";
import type { AccessResolver } from "../../../domain/access/access-resolver.ts";
import type { AuditLogReader } from "../../../domain/audit/audit-log-reader.ts";
import type { ProvisioningConnections } from "../../../domain/audit/provisioning-connections.ts";
import type { RequestLogReader } from "../../../domain/audit/request-log-reader.ts";
import type { Catalog } from "../../../domain/catalog/catalog.ts";
import type { McpConnections } from "../../../domain/connections/connections.ts";
import type { UpstreamCredentials } from "../../../domain/credentials/upstream-credentials.ts";
import type { Groups } from "../../../domain/directory/groups.ts";
import type { Members } from "../../../domain/directory/members.ts";
import type { Memberships } from "../../../domain/directory/memberships.ts";
import type { Users } from "../../../domain/directory/users.ts";
import type { ScimExtensions } from "../../../domain/extensions/scim-extensions.ts";
import type { Organizations } from "../../../domain/organizations.ts";
import type { TokenExchanges } from "../../../domain/tokens/exchange/exchange.ts";
import type { Tokens } from "../../../domain/tokens/tokens.ts";
import type { TokenReports } from "../../../domain/tokens/usage/reports.ts";
import type { CatalogRefresh } from "../../../domain/upstream/catalog-refresh.ts";
import type { OrganizationSchemas } from "../../../scim/schema/organization-schemas.ts";

/** The domain services that the operations of `/api` call, and the SCIM schemas of organizations. */
export interface Services {
  readonly users: Users;
  readonly groups: Groups;
  readonly members: Members;
  readonly memberships: Memberships;
  readonly access: AccessResolver;
  readonly mcpServers: Catalog<McpServer>;
  readonly toolkits: Catalog<Toolkit>;
  readonly skills: Catalog<Skill>;
  readonly commands: Catalog<Command>;
  readonly policies: Catalog<Policy>;
  readonly connections: McpConnections;
  readonly credentials: UpstreamCredentials;
  readonly catalogRefresh: CatalogRefresh;
  readonly organizations: Organizations;
  readonly scimExtensions: ScimExtensions;
  readonly schemas: OrganizationSchemas;
  readonly auditEvents: AuditLogReader;
  readonly loggedRequests: RequestLogReader;
  readonly provisioning: ProvisioningConnections;
  readonly exchanges: TokenExchanges;
  readonly tokens: Tokens;
  readonly tokenReports: TokenReports;
}
