import { createHmac } from "node:crypto";
import type { AuditEvent } from "../../../schemas/audit-event.ts";
import { redactValue, renderLogEntry } from "../audit/log-entry.ts";
import { toSigningBytes } from "./webhook-secrets.ts";

/** One message of a webhook, before it is signed. */
export interface WebhookMessage {
  /** The id of the event. It is the same in each attempt, so that a receiver can ignore repetitions. */
  readonly id: string;
  /** JSON */
  readonly body: string;
}

/**
 * Builds the message of an audit event (Standard Webhooks, "Payload structure"): its action, its time, and the event as
 * the audit log shows it. Strings that look like a credential are redacted, because another party receives them.
 */
export function toWebhookMessage(event: AuditEvent): WebhookMessage {
  const payload = { type: event.action, timestamp: event.createdAt, data: renderLogEntry(event) };
  return { id: event.id, body: JSON.stringify(payload, redactValue) };
}

/**
 * Returns the headers of a message with a signature per secret (Standard Webhooks, "Signature scheme").
 * @param secrets the current one first
 * @param now the time of the attempt
 */
export function toSignedHeaders(
  { id, body }: WebhookMessage,
  secrets: readonly string[],
  now: Date,
): Readonly<Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signatures = secrets.map((secret) => {
    const hmac = createHmac("sha256", toSigningBytes(secret)).update(`${id}.${timestamp}.${body}`);
    return `v1,${hmac.digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
