import { z } from "zod";
import { auditAction } from "../../../../schemas/audit-action.ts";
import { auditEvent } from "../../../../schemas/audit-event.ts";
import type { AuditEventFilter } from "../../../domain/audit/audit-log-reader.ts";
import { createQueryParser } from "../../api/kernel/validation.ts";
import { dayFilters, toDayRange } from "../days.ts";
import { withoutEmpty } from "../paging.tsx";

const schema = z.object({
  action: auditAction.optional(),
  outcome: auditEvent.shape.outcome.optional(),
  actorId: z.string().max(200).optional(),
  targetId: z.string().max(200).optional(),
  requestId: z.string().max(200).optional(),
  ...dayFilters,
  cursor: z.string().max(8192).optional(),
});
/** The filters and the position of the audit log, as its URL has them. */
export type AuditLogQuery = z.output<typeof schema>;

const parse = createQueryParser(schema);

/** Reads the query of the audit log. @throws AppError invalid-value */
export const readAuditLogQuery = (query: Readonly<Record<string, unknown>>): AuditLogQuery =>
  parse(withoutEmpty(query));

/** Converts the query to the filter of the reader. */
export const toAuditEventFilter = ({ cursor: _, from, to, ...filter }: AuditLogQuery): AuditEventFilter => ({
  ...filter,
  ...toDayRange({ from, to }),
});
