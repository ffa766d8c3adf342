import { hostname } from "node:os";
import type { AuditEvent } from "../../../schemas/audit-event.ts";
import { redactValue, renderLogEntry } from "./log-entry.ts";

/** The formats of the setting AUDIT_LOG. */
export const auditLogFormats = ["off", "json", "syslog"] as const;
export type AuditLogFormat = (typeof auditLogFormats)[number];

/** The most characters of a line. Docker and many syslog receivers divide longer ones at 16 KiB. */
const lineLengthMax = 16_000;
/** The fields that a line leaves out if it is too long otherwise, in this order. */
const omittableFields = ["before", "after", "details"] as const;

/**
 * Formats an audit event as one line: a JSON object, or a message of RFC 5424 whose text is that object. No value can end
 * the line or add another one. Strings that look like a credential are redacted. Of a long event, the line names the
 * fields that it leaves out; the audit log has them.
 */
export function toAuditLine(event: AuditEvent, format: Exclude<AuditLogFormat, "off">): string {
  if (format === "json") return toBoundedJson(event, escapeControls);
  return toSyslogHeader(event) + toBoundedJson(event, toAscii);
}

/** @param encode escapes characters, which can lengthen the text */
function toBoundedJson(event: AuditEvent, encode: (json: string) => string): string {
  const { organizationId, createdAt: timestamp } = event;
  const { createdAt: _, ...entry } = renderLogEntry(event);
  const fields: Record<string, unknown> = { type: "audit", timestamp, organizationId, ...entry };
  let json = encode(JSON.stringify(fields, redactValue));
  const omitted: string[] = [];
  for (const name of omittableFields) {
    if (json.length <= lineLengthMax) break;
    if (fields[name] === undefined) continue;
    delete fields[name];
    omitted.push(name);
    json = encode(JSON.stringify({ ...fields, omitted }, redactValue));
  }
  return json;
}

/** `JSON.stringify` escapes C0 controls. Terminals and line readers interpret these characters, too. */
const escapeControls = (json: string): string => json.replace(/[\u007f-\u009f\u2028\u2029]/g, escapeUnit);

/** A text in ASCII needs no byte order mark (RFC 5424 section 6.4). */
const toAscii = (json: string): string => json.replace(/[^\u0020-\u007e]/g, escapeUnit);

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** The facility `log audit`, with the severities `informational` and `warning` (RFC 5424 section 6.2.1). */
const facility = 13;
const severities = { success: 6, refused: 4 } as const;

/** The header of RFC 5424 section 6.2, without structured data: its names would need an enterprise number. */
function toSyslogHeader({ outcome, createdAt, action }: AuditEvent): string {
  const priority = facility * 8 + severities[outcome];
  const host =
    hostname()
      .replace(/[^\u0021-\u007e]/g, "")
      .slice(0, 255) || "-";
  return `<${priority}>1 ${createdAt} ${host} gatehouse ${process.pid} ${action.slice(0, 32)} - `;
}
