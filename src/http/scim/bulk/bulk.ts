import type { Request, Response } from "express";
import type { FailedOperation } from "../../../../schemas/audit-event.ts";
import type { AppError } from "../../../errors.ts";
import type { Log } from "../../../log.ts";
import { redactText } from "../../../log.ts";
import { httpStatuses, redactDetail } from "../../server/error-mapping.ts";
import { toWeakEtag } from "../../server/etag.ts";
import { logServerError } from "../../server/problem.ts";
import { sendJson } from "../../server/send.ts";
import { openContext } from "../context.ts";
import type { Endpoint } from "../endpoint.ts";
import { scimMediaType, toScimError } from "../errors.ts";
import type { ScimServices } from "../operation.ts";
import { BulkJob, type OperationOutcome } from "./job.ts";
import { type BulkEntry, bulkResponseUrn, parseBulkRequest } from "./message.ts";

/**
 * `POST /Bulk` (RFC 7644 section 3.7). Each operation is a separate change with its own result. The results are in the
 * order of the request.
 */
export function bulkHandler(
  endpoints: readonly Endpoint[],
  { publicUrl, watchRemovals, log }: Pick<ScimServices, "publicUrl" | "watchRemovals" | "log">,
): (req: Request, res: Response) => Promise<void> {
  const buildLocation = ({ schema }: Endpoint, id: string): string | undefined =>
    id.length <= idLengthMax
      ? redactText(`${publicUrl}/scim/v2/${schema.endpoint}/${encodeURIComponent(id)}`)
      : undefined;
  return async (req, res) => {
    const request = parseBulkRequest(req.body, endpoints);
    const outcomes = await new BulkJob(openContext(req), request, { buildLocation, watchRemovals }).run();
    logFailedOperations(req, res, outcomes, log);
    const Operations = request.entries.flatMap((entry, index) => {
      const outcome = outcomes[index];
      return outcome ? [toOperationResult(entry, outcome)] : [];
    });
    sendJson(res, 200, scimMediaType, { schemas: [bulkResponseUrn], Operations });
  };
}

/** In characters. The path of an operation can contain any string; a response repeats none that is longer. */
const idLengthMax = 200;

function toOperationResult(
  { method, bulkId }: BulkEntry,
  { status, location, version, error }: OperationOutcome,
): object {
  return {
    ...(location !== undefined && { location }),
    ...(method !== undefined && { method }),
    ...(bulkId !== undefined && { bulkId }),
    ...(version !== undefined && { version: toWeakEtag(version) }),
    status: String(error ? httpStatuses[error.code] : status),
    ...(error && { response: toScimError(error) }),
  };
}

/** The request as a whole succeeds, so the logs record which operations failed. */
function logFailedOperations(
  req: Request,
  res: Response,
  outcomes: readonly (OperationOutcome | undefined)[],
  log: Log,
): void {
  const errors = outcomes.flatMap((outcome) => outcome?.error ?? []);
  for (const error of new Set(errors)) logServerError(log, req.requestId, error);
  const [firstError] = errors;
  if (!firstError) return;
  res.locals["rejection"] = `${errors.length} of ${outcomes.length} operations failed: ${redactDetail(firstError)}`;
  req.failedOperations = outcomes
    .flatMap((outcome, index) =>
      outcome?.error ? [toFailedOperation(outcome.error, index + 1, outcome.location)] : [],
    )
    .slice(0, loggedFailuresMax);
}

/** The most failed operations of one request in the request log. */
const loggedFailuresMax = 20;

const toFailedOperation = (error: AppError, number: number, location: string | undefined): FailedOperation => ({
  number,
  ...(error.details.operation !== undefined && { patchOperation: error.details.operation }),
  ...(location !== undefined && { resourceId: location.slice(location.lastIndexOf("/") + 1) }),
  status: httpStatuses[error.code],
  detail: redactDetail(error),
});
