import type { ScimOperation } from "../scim/operation.ts";
import { scimOperations } from "../scim/operations.ts";
import type { DocumentedOperation } from "./documented-operation.ts";

/** The operations of `/scim/v2`, as the document describes them. */
export const documentedScimOperations: readonly DocumentedOperation[] = scimOperations.map(toDocumentedOperation);

function toDocumentedOperation({
  createHandler: _,
  scopes,
  responses,
  isUserView = false,
  ...operation
}: ScimOperation): DocumentedOperation {
  const view = { scopes, responses };
  return { ...operation, tag: "SCIM", ...(isUserView ? { user: view } : { organization: view }) };
}
