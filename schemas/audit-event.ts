import { z } from "zod";
import { entity } from "./entity.ts";

/** Who did it: a token, the on-premises secret, the operator at the command line, or the service by itself. */
export const actor = z.object({
  type: z.enum(["token", "auth-secret", "operator", "service"]),
  id: z.string().optional(),
  name: z.string().optional(),
});
export type Actor = Readonly<z.infer<typeof actor>>;

export const auditEvent = z.object({
  ...entity,
  /** What was done, subject first: `user.create`, `group.members.change`, `authentication.refused`. */
  action: z.string(),
  outcome: z.enum(["success", "refused"]),
  actor,
  target: z.object({ type: z.string(), id: z.string() }).optional(),
  /** The record before and after, without secrets; or what else describes the change. */
  before: z.record(z.string(), z.unknown()).optional(),
  after: z.record(z.string(), z.unknown()).optional(),
  details: z.record(z.string(), z.unknown()).optional(),
  requestId: z.string().optional(),
  ip: z.string().optional(),
});
export type AuditEvent = Readonly<z.infer<typeof auditEvent>>;

/** One request as an identity admin wants to see it when provisioning fails; values of its body are masked. */
export const requestLogEntry = z.object({
  ...entity,
  method: z.string(),
  path: z.string(),
  status: z.int(),
  /** What the caller was told when it was refused. */
  detail: z.string().optional(),
  actor: actor.optional(),
  ip: z.string(),
  requestId: z.string(),
  durationMs: z.number(),
  body: z.unknown().optional(),
});
export type RequestLogEntry = Readonly<z.infer<typeof requestLogEntry>>;
