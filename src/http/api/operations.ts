import type { Operation } from "../operation.ts";
import { accessOperations } from "./access.ts";
import { auditEventOperations } from "./audit-events.ts";
import { authExchangeOperations } from "./auth-exchange.ts";
import { catalogueOperations } from "./catalogue.ts";
import { connectionOperations } from "./connections.ts";
import { groupOperations } from "./groups.ts";
import { memberOperations } from "./members.ts";
import { organizationOperations } from "./organization.ts";
import { requestLogOperations } from "./request-log.ts";
import { tokenOperations } from "./tokens.ts";
import { userOperations } from "./users.ts";
import { whoami } from "./whoami.ts";

/** The whole of `/api`, as one list. */
export const operations: readonly Operation[] = [
  whoami,
  ...organizationOperations,
  ...userOperations,
  ...groupOperations,
  ...memberOperations,
  ...accessOperations,
  ...catalogueOperations,
  ...connectionOperations,
  ...authExchangeOperations,
  ...tokenOperations,
  ...auditEventOperations,
  ...requestLogOperations,
];
