import { z } from "zod";
import { entityFields } from "./entity.ts";
import { tokenType } from "./token.ts";

const requestCounts = {
  requests: z.int(),
  failures: z.int().describe("Requests that were rejected, and bulk requests with a failed operation."),
  byStatus: z
    .partialRecord(z.enum(["2xx", "3xx", "4xx", "5xx"]), z.int())
    .describe("Requests by the class of their status. A lookup that finds nothing is 4xx, and no failure."),
};

const request = {
  at: z.iso.datetime({ precision: 3 }),
  requestId: z.string(),
  method: z.string(),
  path: z.string().describe("The path with the query string. Personal data is masked."),
  status: z.int(),
};

export const provisioningFailure = z
  .object({
    ...request,
    detail: z.string().optional().describe("The error message. Values are masked."),
    cause: z.string().optional().describe("Why the credential was rejected."),
  })
  .meta({ id: "ProvisioningFailure" });

/** The counts of one hour. `hour` is the start of an ISO 8601 time in UTC: `2026-11-29T12`. */
export const hourlyCounts = z.object({ hour: z.string(), ...requestCounts });
export type HourlyCounts = Readonly<z.infer<typeof hourlyCounts>>;

/** What the SCIM requests of one token had as results. The id of the record is derived from the id of the token. */
export const provisioningStatus = z.object({
  ...entityFields,
  tokenId: z.string(),
  lastRequestAt: z.string(),
  lastSuccessAt: z.string().optional(),
  lastFailure: provisioningFailure.optional(),
  /** The hours of the last day that have requests, the oldest first. */
  hours: z.array(hourlyCounts),
});
export type ProvisioningStatus = Readonly<z.infer<typeof provisioningStatus>>;

const nullableTime = z.iso.datetime({ precision: 3 }).nullable();

export const provisioningConnectionResponse = z
  .object({
    token: z.object({
      id: z.string(),
      name: z.string(),
      type: tokenType,
      status: z.enum(["active", "disabled", "expired", "revoked"]),
    }),
    lastRequestAt: nullableTime.describe("Null: no request has arrived."),
    lastSuccessAt: nullableTime,
    lastFailure: provisioningFailure.nullable(),
    lastDay: z.object(requestCounts).describe("The current hour and the 23 hours before it."),
  })
  .meta({ id: "ProvisioningConnection" });
