import type { ActivityHour } from "../../../schemas/activity-hour.ts";
import type { AuditEvent, RequestLogEntry } from "../../../schemas/audit-event.ts";
import type { ProvisioningStatus } from "../../../schemas/provisioning.ts";
import type { Webhook } from "../../../schemas/webhook.ts";
import type { Entity } from "../record.ts";
import type { CollectionDefinition } from "../store.ts";

/** Audit events and request log entries are read in chronological order, which is the order of their ids. */
export const auditEvents: CollectionDefinition<AuditEvent> = {
  name: "audit_events",
  indexes: [{ path: "target.id" }, { path: "actor.id" }, { path: "action" }],
};

/** Subscriptions of organizations to their audit events. */
export const webhooks: CollectionDefinition<Webhook> = {
  name: "webhooks",
  indexes: [{ path: "slug", unique: "organization" }],
};

/**
 * Which audit events a webhook has sent, and with what result. The id contains that of the webhook. It is apart from the
 * webhook, so that a delivery changes no version.
 */
export interface WebhookDelivery extends Entity {
  /** The organization of the webhook; the record itself is stored in the service's own tenant. */
  readonly targetOrganizationId: string;
  readonly webhookId: string;
  /** No event up to this id is still to be sent. */
  readonly cursor: string;
  /** The ids after the cursor that have been sent. */
  readonly sentIds: readonly string[];
  /** The time of the next attempt (ISO 8601). Of a disabled webhook: in the year 9999. */
  readonly notBefore: string;
  /** Failures since the last success. */
  readonly failedAttempts: number;
  readonly failingSince?: string;
  readonly lastSuccessAt?: string;
  readonly lastFailure?: { readonly at: string; readonly reason: string; readonly status?: number };
  /** The process that sends its events now. No other one may before the time (ISO 8601). */
  readonly lease?: { readonly holder: string; readonly until: string };
}

export const webhookDeliveries: CollectionDefinition<WebhookDelivery> = {
  name: "webhook_deliveries",
  indexes: [{ path: "notBefore" }, { path: "targetOrganizationId" }],
};

export const requestLog: CollectionDefinition<RequestLogEntry> = {
  name: "request_log",
  indexes: [
    { path: "requestId" },
    { path: "resourceId", sparse: true },
    { path: "actor.id" },
    { path: "rejected", sparse: true },
  ],
};

export const provisioningStatuses: CollectionDefinition<ProvisioningStatus> = {
  name: "provisioning_status",
  indexes: [],
};

/** Counts by hour, which are read in the order of their ids. */
export const activityHours: CollectionDefinition<ActivityHour> = { name: "activity_hours", indexes: [] };
