import { withDryRuns } from "./kernel/dry-run.ts";
import type { Operation } from "./kernel/operation.ts";
import { accessOperations } from "./resources/access.ts";
import { auditEventOperations } from "./resources/audit-events.ts";
import { authExchangeOperations } from "./resources/auth-exchange.ts";
import { catalogOperations } from "./resources/catalog.ts";
import { clientSecretOperations } from "./resources/client-secrets.ts";
import { connectionOperations } from "./resources/connections.ts";
import { credentialOperations } from "./resources/credentials.ts";
import { groupOperations } from "./resources/groups.ts";
import { refreshMcpServer } from "./resources/mcp-server-refresh.ts";
import { memberSetOperations } from "./resources/member-set.ts";
import { memberOperations } from "./resources/members.ts";
import { organizationOperations } from "./resources/organization.ts";
import { listProvisioningConnections } from "./resources/provisioning.ts";
import { requestLogOperations } from "./resources/request-log.ts";
import { scimExtensionOperations } from "./resources/scim-extensions.ts";
import { listServedSkills } from "./resources/served-skills.ts";
import { listServedTools } from "./resources/served-tools.ts";
import { reportToken } from "./resources/token-report.ts";
import { tokenOperations } from "./resources/tokens.ts";
import { userOperations } from "./resources/users.ts";
import { webhookOperations } from "./resources/webhooks.ts";
import { whoami } from "./resources/whoami.ts";

/** All operations of `/api`. */
export const apiOperations: readonly Operation[] = [
  whoami,
  ...withDryRuns(organizationOperations),
  ...withDryRuns(userOperations),
  ...withDryRuns(groupOperations),
  ...withDryRuns(memberOperations),
  ...withDryRuns(memberSetOperations),
  ...withDryRuns(scimExtensionOperations),
  ...accessOperations,
  ...withDryRuns(catalogOperations),
  listServedTools,
  listServedSkills,
  ...connectionOperations,
  ...credentialOperations,
  ...clientSecretOperations,
  refreshMcpServer,
  ...authExchangeOperations,
  ...tokenOperations,
  reportToken,
  ...auditEventOperations,
  ...webhookOperations,
  ...requestLogOperations,
  listProvisioningConnections,
];
