import { z } from "zod";
import { requestLogEntryResponse } from "../../../../schemas/audit-event.ts";
import type { Operation } from "../kernel/operation.ts";
import { logOperations } from "./log-operations.ts";

/** The filters of the request log, as query parameters. */
export const requestLogFilters = {
  requestId: z.string().max(200).optional().describe("The `X-Request-Id` header of the response."),
  actorId: z
    .string()
    .max(200)
    .optional()
    .describe("The id of the token that sent the request, or that the client's OAuth access token was issued for."),
  userId: z
    .string()
    .max(200)
    .optional()
    .describe("The id of a user that the request changed, created or was rejected for."),
  groupId: z.string().max(200).optional().describe("The id of a group, likewise."),
  method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]).optional().describe("The HTTP method."),
  path: z
    .string()
    .max(500)
    .regex(/^\/[^?]*[^/?]$/, "must start with a slash, without a query and without a slash at the end")
    .optional()
    .describe("The path without its query, and everything below it: `/scim/v2/Users`."),
  status: z.int().min(100).max(599).optional().describe("The HTTP status of the response."),
  cause: z.string().max(50).optional().describe("Why the credential was rejected, such as `malformed` or `expired`."),
  rejected: z
    .boolean()
    .optional()
    .describe(
      "If true, only requests that failed, and bulk requests with a failed operation. A lookup of a resource that does not exist (GET with status 404) did not fail. If false, only the others.",
    ),
  refused: z.boolean().optional().meta({ deprecated: true, description: "Use `rejected`." }),
  ignoredAttribute: z
    .string()
    .max(200)
    .optional()
    .describe("The name of an attribute that no schema defines, as it was sent."),
  hasIgnoredAttributes: z.boolean().optional().describe("Whether the request had such attributes."),
};

const { list, get } = logOperations({
  path: "/request-log",
  title: "logged request",
  filters: requestLogFilters,
  responseSchema: requestLogEntryResponse,
  pageSchemaId: "LoggedRequestList",
  list: {
    operationId: "listLoggedRequests",
    summary: "List SCIM requests and rejected API requests, newest first",
    description: `Contains all requests to \`/scim/v2\` and the rejected requests to other paths. If provisioning fails, look
here first: \`rejected=true\` lists the failed requests with the reason. A request appears a few seconds after its response
and is kept for 30 days. Values in bodies and filters are masked. The filters by request, token, user, group and
\`rejected\` use an index. Combine the others with one of these or with a time range if the log is long.`,
  },
  get: {
    operationId: "getLoggedRequest",
    summary: "Get one logged request",
    description: "The body is masked: it has the names of attributes, and values only of ids and of what is no secret.",
    idDescription: "The id of the entry. To find an entry by `requestId`, use the list.",
  },
  readerFrom: ({ loggedRequests }) => loggedRequests,
});

/** The operations on the request log. */
export const requestLogOperations: readonly Operation[] = [list, get];
