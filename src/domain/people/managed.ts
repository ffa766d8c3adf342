import { AppError } from "../../errors.ts";
import type { ChangeEvent } from "../audit/record.ts";

/**
 * Who changes people. What the identity provider writes (`scim`) is the identity provider's from then on: an `admin`
 * leaves that alone, unless it is to be changed nevertheless (`override`).
 */
export type Editor = "scim" | "admin" | "override";

/** Whose a user or group is; absent: the admins'. */
export interface Managed {
  readonly managedBy?: "scim" | undefined;
}

/** @throws AppError managed when the editor has to leave it alone */
export function assertMayEdit({ managedBy }: Managed, editor: Editor, title: "user" | "group"): void {
  if (managedBy === undefined || editor !== "admin") return;
  throw new AppError(
    "managed",
    `The ${title} is managed by the identity provider. Change it there; override=true changes it here nevertheless, until the provider writes it again.`,
  );
}

/** Whose it is once the editor has written it. */
export function ownership({ managedBy }: Managed, editor: Editor): Managed {
  const owner = editor === "scim" ? editor : managedBy;
  return owner === undefined ? {} : { managedBy: owner };
}

/** What an audit event tells besides: that it was taken over, or that its owner was passed over. */
export function editTold(
  { managedBy }: Managed,
  editor: Editor,
  more: Readonly<Record<string, unknown>> = {},
): Pick<ChangeEvent, "details"> {
  const details = {
    ...more,
    ...(editor === "scim" && managedBy === undefined && { managedBy: editor }),
    ...(editor === "override" && managedBy !== undefined && { override: true }),
  };
  return Object.keys(details).length > 0 ? { details } : {};
}
