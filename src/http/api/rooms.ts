import type { Command } from "../../../schemas/command.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { Policy } from "../../../schemas/policy.ts";
import type { Skill } from "../../../schemas/skill.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import type { Access } from "../../domain/access/access.ts";
import type { AuditEvents } from "../../domain/audit/events.ts";
import type { LoggedRequests } from "../../domain/audit/logged-requests.ts";
import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import type { Connections } from "../../domain/connections/connections.ts";
import type { Organizations } from "../../domain/organizations.ts";
import type { Groups } from "../../domain/people/groups.ts";
import type { Members } from "../../domain/people/members.ts";
import type { Memberships } from "../../domain/people/memberships.ts";
import type { Users } from "../../domain/people/users.ts";
import type { Exchanges } from "../../domain/tokens/exchange.ts";
import type { TokenReports } from "../../domain/tokens/reports.ts";
import type { Tokens } from "../../domain/tokens/tokens.ts";

/** The rooms of the domain that operations of `/api` enter. */
export interface Rooms {
  readonly users: Users;
  readonly groups: Groups;
  readonly members: Members;
  readonly memberships: Memberships;
  readonly access: Access;
  readonly mcpServers: Catalogue<McpServer>;
  readonly toolkits: Catalogue<Toolkit>;
  readonly skills: Catalogue<Skill>;
  readonly commands: Catalogue<Command>;
  readonly policies: Catalogue<Policy>;
  readonly connections: Connections;
  readonly organizations: Organizations;
  readonly auditEvents: AuditEvents;
  readonly loggedRequests: LoggedRequests;
  readonly exchanges: Exchanges;
  readonly tokens: Tokens;
  readonly tokenReports: TokenReports;
}
