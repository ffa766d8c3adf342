import { AppError } from "../../errors.ts";
import type { AuditEventContent } from "../audit/record.ts";

/**
 * Who changes a user or group. A resource that the identity provider has written (`scim`) is managed by it from then
 * on: an `admin` cannot change it, except with an explicit `override`.
 */
export type Editor = "scim" | "admin" | "override";

/** The manager of a user or group; absent if admins manage it. */
export interface Managed {
  readonly managedBy?: "scim" | undefined;
}

/** @throws AppError managed if the identity provider manages the resource and the editor does not override it */
export function assertCanEdit({ managedBy }: Managed, editor: Editor, title: "user" | "group"): void {
  if (managedBy === undefined || editor !== "admin") return;
  throw new AppError(
    "managed",
    `The ${title} is managed by the identity provider. Change it there, or set override=true to change it here. The provider may overwrite the change.`,
  );
}

/** Returns the manager of a resource after a write by this editor. */
export function resolveManagedBy({ managedBy }: Managed, editor: Editor): Managed {
  const manager = editor === "scim" ? editor : managedBy;
  return manager === undefined ? {} : { managedBy: manager };
}

/**
 * Returns the details of an audit event: whether the identity provider took over the resource, or an admin overrode
 * it.
 */
export function toEditDetails(
  { managedBy }: Managed,
  editor: Editor,
  extraDetails: Readonly<Record<string, unknown>> = {},
): Pick<AuditEventContent, "details"> {
  const details = {
    ...extraDetails,
    ...(editor === "scim" && managedBy === undefined && { managedBy: editor }),
    ...(editor === "override" && managedBy !== undefined && { override: true }),
  };
  return Object.keys(details).length > 0 ? { details } : {};
}
