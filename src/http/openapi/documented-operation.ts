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
