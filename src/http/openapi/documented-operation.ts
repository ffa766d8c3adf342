import type { ErrorCode } from "../../errors.ts";
import type { Operation, View } from "../api/kernel/operation.ts";

/** An operation as the document describes it: everything but its handlers. */
export type DocumentedOperation = Omit<Operation, "organization" | "user" | "anonymous"> & {
  readonly organization?: DocumentedView;
  readonly user?: DocumentedView;
  readonly anonymous?: Pick<DocumentedView, "responses">;
  /** The security requirements, if they differ from the document's. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  /** All error codes of the operation, instead of those that its properties imply. */
  readonly exactErrorCodes?: readonly ErrorCode[];
};

type DocumentedView = Pick<View, "scopes" | "responses">;

/** Lists the views that an operation has. */
export const listViews = ({
  organization,
  user,
  anonymous,
}: DocumentedOperation): readonly Pick<DocumentedView, "responses">[] =>
  [organization, user, anonymous].flatMap((view) => view ?? []);
