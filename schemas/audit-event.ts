import { z } from "zod";
import { entity, shownEntity } from "./entity.ts";

/** Who did it: a token, the on-premises secret, the operator at the command line, or the service by itself. */
export const actor = z.object({
  type: z.enum(["token", "auth-secret", "operator", "service"]),
  id: z.string().optional(),
  name: z.string().optional(),
});
export type Actor = Readonly<z.infer<typeof actor>>;

const fields = {
  action: z.string().describe("what was done, subject first: `user.create`, `group.members.change`"),
  outcome: z.enum(["success", "refused"]),
  actor,
  target: z.object({ type: z.string(), id: z.string() }).optional().describe("what it was done to"),
  before: z.record(z.string(), z.unknown()).optional().describe("what is changed as it was, without secrets"),
  after: z.record(z.string(), z.unknown()).optional().describe("and as it is from then on"),
  details: z.record(z.string(), z.unknown()).optional().describe("what else describes it"),
  requestId: z.string().optional(),
  ip: z.string().optional(),
};

/** Who did what to what, and how it ended. */
export const auditEvent = z.object({ ...entity, ...fields });
export type AuditEvent = Readonly<z.infer<typeof auditEvent>>;

export const auditEventShown = z
  .object({ id: z.string(), createdAt: shownEntity.createdAt, ...fields })
  .meta({ id: "AuditEvent" });

const requestFields = {
  method: z.string(),
  path: z.string().describe("with the query; what it says of a person is masked"),
  status: z.int(),
  detail: z.string().optional().describe("what the caller was told when it was refused"),
  actor: actor.optional(),
  ip: z.string(),
  requestId: z.string(),
  durationMs: z.number(),
  body: z.unknown().optional().describe("as it was meant; its values are masked"),
};

/** One request as an identity admin wants to see it when provisioning fails; values of its body are masked. */
export const requestLogEntry = z.object({ ...entity, ...requestFields });
export type RequestLogEntry = Readonly<z.infer<typeof requestLogEntry>>;

export const requestLogEntryShown = z
  .object({ id: z.string(), createdAt: shownEntity.createdAt, ...requestFields })
  .meta({ id: "LoggedRequest" });
