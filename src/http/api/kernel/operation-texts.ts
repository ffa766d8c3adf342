import { z } from "zod";
/** How summaries and descriptions name a resource. */
export interface ResourceNouns {
  /** With its article: `an MCP server`. */
  readonly singular: string;
  /** `MCP servers` */
  readonly plural: string;
}

/** The summaries of the operations that every catalog and directory resource has. */
export const toSummaries = ({ singular, plural }: ResourceNouns) => ({
  list: `List ${plural}`,
  get: `Get ${singular}`,
  create: `Create ${singular}`,
  put: `Create or replace ${singular}`,
  patch: `Update ${singular}`,
  delete: `Delete ${singular}`,
});

export const creationOrderText = "Results are sorted by creation time, the oldest first.";
export const idempotentPutText = "Sending the same content again changes nothing.";
export const createOnlyText = "With `If-None-Match: *`, it only creates and never replaces.";
export const mergePatchText =
  "Applies a JSON merge patch (RFC 7396): a field set to null is removed, and a list is replaced as a whole.";

export const createText =
  "The slug must be unique; otherwise the response is 409. `Location` is the URL of the new resource.";
export const versionedReadText =
  "`ETag` identifies the version. Send it as `If-Match` with a change, so that the change applies to that version only.";
export const blockedDeletionText =
  "While other resources refer to it, the response is 409 and lists them in `blockers`.";

/** The query parameter of deletions that references can block. */
export const detachParameter = z
  .boolean()
  .default(false)
  .describe(
    "Removes the references to the resource as well, with an audit event for each resource that had one. Without it they block the deletion. A policy that would apply to other tools without the reference still blocks it.",
  );
