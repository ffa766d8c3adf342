import { z } from "zod";
import { auditAction } from "./audit-action.ts";
import { entityFields, entityResponseFields } from "./entity.ts";

/**
 * The author of a change: a token, `AUTH_SECRET`, a user who signed in to the console, the operator at the CLI, or the
 * service itself.
 */
export const actor = z.object({
  type: z.enum(["token", "auth-secret", "user", "operator", "service"]),
  id: z.string().optional(),
  name: z.string().optional(),
});
export type Actor = Readonly<z.infer<typeof actor>>;

const fields = {
  action: auditAction.describe("The action, such as `user.create` or `group.members.change`."),
  outcome: z.enum(["success", "refused"]),
  actor,
  target: z
    .object({ type: z.string(), id: z.string() })
    .optional()
    .describe("The resource that the action applies to."),
  before: z.record(z.string(), z.unknown()).optional().describe("The resource before the change, without secrets."),
  after: z.record(z.string(), z.unknown()).optional().describe("The resource after the change, without secrets."),
  details: z.record(z.string(), z.unknown()).optional().describe("Further details, depending on the action."),
  requestId: z.string().optional(),
  ip: z.string().optional(),
};

/** A record of one action: actor, action, target and outcome. */
export const auditEvent = z.object({ ...entityFields, ...fields });
export type AuditEvent = Readonly<z.infer<typeof auditEvent>>;

export const auditEventResponse = z
  .object({ id: z.string(), createdAt: entityResponseFields.createdAt, ...fields })
  .meta({ id: "AuditEvent" });

/** One failed operation of a PATCH (RFC 7644 section 3.5.2) or a bulk request (section 3.7). */
export const failedOperation = z
  .object({
    number: z.int().describe("The position of the operation in the request, from 1."),
    patchOperation: z
      .int()
      .optional()
      .describe("In a bulk request: the position of the operation of its PATCH, from 1."),
    resourceId: z.string().optional().describe("In a bulk request: the id of the user or group."),
    status: z.int(),
    detail: z.string().describe("The error message. It names attributes; values are masked."),
  })
  .meta({ id: "FailedOperation" });
export type FailedOperation = Readonly<z.infer<typeof failedOperation>>;

const requestFields = {
  method: z.string(),
  path: z.string().describe("The path with the query string. Personal data is masked."),
  status: z.int(),
  detail: z
    .string()
    .optional()
    .describe(
      "The error message in the response, if the request was rejected. It names attributes; values are masked.",
    ),
  cause: z
    .string()
    .optional()
    .describe(
      "Why the credential was rejected, such as `malformed`, `no-scheme` or `expired`. The response does not say.",
    ),
  actor: actor.optional(),
  ip: z.string(),
  requestId: z.string(),
  durationMs: z.number(),
  body: z
    .unknown()
    .optional()
    .describe("The request body as it was interpreted. Its values are masked, except ids of users and groups."),
  ignoredAttributes: z
    .array(z.string())
    .optional()
    .describe("Names of the attributes in the body that no schema defines and that were ignored. At most 50."),
  rejected: z
    .boolean()
    .optional()
    .describe(
      "The request, or an operation of a bulk request, was rejected. Absent for a lookup of a resource that does not exist.",
    ),
  failedOperations: z
    .array(failedOperation)
    .optional()
    .describe("The operations of a PATCH or bulk request that failed. At most 20."),
  resourceId: z
    .string()
    .optional()
    .describe(
      "The id of the user or group that the request changed, created or was rejected for. Absent for bulk requests.",
    ),
  accessTokenId: z
    .string()
    .optional()
    .describe("The id of the OAuth access token that was sent. `actor` is the token that it was issued for."),
};

/** One logged request, for an identity admin whose provisioning fails. Values of its body are masked. */
export const requestLogEntry = z.object({ ...entityFields, ...requestFields });
export type RequestLogEntry = Readonly<z.infer<typeof requestLogEntry>>;

export const requestLogEntryResponse = z
  .object({ id: z.string(), createdAt: entityResponseFields.createdAt, ...requestFields })
  .meta({ id: "LoggedRequest" });
