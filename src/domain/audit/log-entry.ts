import { redactText } from "../../log.ts";
import type { Entity } from "../../store/record.ts";

/**
 * Renders an entry of the audit log or the request log as responses, webhooks and lines show it. Entries never change, so
 * there is no version and no time of the last change.
 */
export function renderLogEntry<T extends Entity>(entry: T): Omit<T, "organizationId" | "version" | "updatedAt"> {
  const { organizationId: _, version: _v, updatedAt: _u, ...rest } = entry;
  return rest;
}

/** A replacer for `JSON.stringify` that redacts strings that look like a credential, for what leaves the service. */
export const redactValue = (_: string, value: unknown): unknown =>
  typeof value === "string" ? redactText(value) : value;
