import { z } from "zod";
import { type RequestLogEntry, requestLogEntryShown } from "../../../schemas/audit-event.ts";
import { AppError } from "../../errors.ts";
import { type Operation, operation } from "../operation.ts";
import { listQuery, pageAnswer, pageOf, withDates, within } from "./lists.ts";

const tag = "Audit";
const path = "/request-log";

const list = operation({
  operationId: "listLoggedRequests",
  method: "get",
  path,
  tag,
  query: z.object({
    ...listQuery,
    requestId: z.string().max(200).optional().describe("`X-Request-Id` of the answer"),
    actorId: z.string().max(200).optional().describe("id of the token that asked"),
    method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]).optional(),
    status: z.int().min(100).max(599).optional(),
    refused: z.boolean().optional().describe("true: those with a status of 400 and more"),
    ...within,
  }),
  summary: "Lists what was asked at `/scim/v2`, and what was refused elsewhere, the newest first",
  description: `The first place to look when provisioning fails: \`refused=true\` shows what was refused and why. Requests
are there some seconds after they were answered, for 30 days. Values of bodies and filters are masked.`,
  faults: ["query-too-expensive"],
  organization: {
    scopes: ["admin:read"],
    answers: { 200: pageOf(requestLogEntryShown, "LoggedRequestList") },
    handle: ({ caller: { organizationId }, query }, { loggedRequests }) => {
      const { limit: _, cursor: _c, ...asked } = query;
      const filter = withDates(asked);
      return pageAnswer(
        query,
        [organizationId, path, filter],
        (page) => loggedRequests.list(organizationId, filter, page),
        (requests) => requests.map(shown),
      );
    },
  },
});

const get = operation({
  operationId: "getLoggedRequest",
  method: "get",
  path: `${path}/{id}`,
  tag,
  parameters: { id: "id of the entry; `requestId` finds it in the list" },
  summary: "One logged request",
  organization: {
    scopes: ["admin:read"],
    answers: { 200: requestLogEntryShown },
    handle: async ({ caller, parameter }, { loggedRequests }) => {
      const entry = await loggedRequests.get(caller.organizationId, parameter("id"));
      if (!entry) throw new AppError("not-found", "There is no such logged request.");
      return { status: 200, body: shown(entry) };
    },
  },
});

/** The request log. */
export const requestLogOperations: readonly Operation[] = [list, get];

/** An entry never changes, so that it has no versions to speak of. */
function shown({ organizationId: _, version: _v, updatedAt: _u, ...rest }: RequestLogEntry): object {
  return rest;
}
