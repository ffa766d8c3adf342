import type { Request, Response } from "express";
import type { Log } from "../../log.ts";
import { redactText } from "../../log.ts";
import { etagOf } from "../etag.ts";
import { detailOf, statusOf } from "../faults.ts";
import { logFault } from "../problem.ts";
import { callerOf } from "../request.ts";
import { sendJson } from "../send.ts";
import { BulkJob, type Outcome } from "./bulk-job.ts";
import { type BulkEntry, bulkRequest, bulkResponseUrn } from "./bulk-message.ts";
import type { Endpoint } from "./endpoint.ts";
import { errorBody, scimMediaType } from "./errors.ts";

/**
 * `POST /Bulk` (RFC 7644 section 3.7): many operations in one request, each a change of its own with an answer of its
 * own, in the order of the request.
 * @param base the public address of the SCIM door, without a slash at the end
 */
export function bulk(
  endpoints: readonly Endpoint[],
  base: string,
  log: Log,
): (req: Request, res: Response) => Promise<void> {
  const locationOf = ({ schema }: Endpoint, id: string): string | undefined =>
    possibleId.test(id) ? redactText(`${base}/${schema.endpoint}/${id}`) : undefined;
  return async (req, res) => {
    const request = bulkRequest(req.body, endpoints);
    const outcomes = await new BulkJob(callerOf(req), request, locationOf).run();
    noteRefusals(req, res, outcomes, log);
    const Operations = request.entries.flatMap((entry, at) => {
      const outcome = outcomes[at];
      return outcome ? [answerOf(entry, outcome)] : [];
    });
    sendJson(res, 200, scimMediaType, { schemas: [bulkResponseUrn], Operations });
  };
}

/** What was asked for may be anything; nothing else has ever been at an address. */
const possibleId = /^\w{1,64}$/;

function answerOf({ method, bulkId }: BulkEntry, { status, location, version, refused }: Outcome): object {
  return {
    ...(location !== undefined && { location }),
    ...(method !== undefined && { method }),
    ...(bulkId !== undefined && { bulkId }),
    ...(version !== undefined && { version: etagOf(version) }),
    status: String(refused ? statusOf[refused.fault] : status),
    ...(refused && { response: errorBody(refused) }),
  };
}

/** The request as a whole has succeeded; the logs say what of it has not. */
function noteRefusals(req: Request, res: Response, outcomes: readonly (Outcome | undefined)[], log: Log): void {
  const refusals = outcomes.flatMap((outcome) => outcome?.refused ?? []);
  for (const refused of new Set(refusals)) logFault(log, req.requestId, refused);
  const [first] = refusals;
  if (first) res.locals["refusal"] = `${refusals.length} of ${outcomes.length} operations failed: ${detailOf(first)}`;
}
