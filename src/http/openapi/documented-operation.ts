import { z } from "zod";
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

/** The view that a document describes. Each has a document of its own, so that a response has exactly one schema. */
export type DocumentView = (typeof documentViews)[number];
export const documentViews = ["organization", "user"] as const;

/**
 * Returns the operations that a document describes, each with that view only. An operation without a credential is in the
 * document of the organization's view.
 */
export function listViewOperations(
  operations: readonly DocumentedOperation[],
  documentView: DocumentView,
): readonly DocumentedOperation[] {
  return operations.flatMap(({ organization, user, anonymous, ...operation }): DocumentedOperation[] => {
    if (documentView === "user") return user ? [{ ...operation, user }] : [];
    if (anonymous) return [{ ...operation, anonymous }];
    if (!organization) return [];
    const { errorCodes = [] } = operation;
    // A credential for users' views only is rejected with this code, because the operation has a user's view too.
    return [{ ...operation, organization, ...(user && { errorCodes: [...errorCodes, "user-required"] }) }];
  });
}

/** Whether an operation responds with 304 to an If-None-Match: it reads one resource or a page of a list. */
export const isConditionalRead = (operation: DocumentedOperation): boolean =>
  operation.method === "get" && (operation.isVersioned === true || returnsPage(operation));

/** Whether its response is a page; see `toPageSchema`. */
const returnsPage = (operation: DocumentedOperation): boolean =>
  listViews(operation).some(({ responses: { 200: schema } }) => {
    return schema instanceof z.ZodObject && ["data", "pagination"].every((field) => field in schema.shape);
  });

/** Lists the views that an operation has. */
export const listViews = ({
  organization,
  user,
  anonymous,
}: DocumentedOperation): readonly Pick<DocumentedView, "responses">[] =>
  [organization, user, anonymous].flatMap((view) => view ?? []);
