import { z } from "zod";
import { auditActionPattern } from "./audit-action.ts";
import { entityFields, entityResponseFields, readOnlyEntityFields, readOnlyField } from "./entity.ts";
import { description, httpUrl, slug, uniqueArray } from "./text.ts";

const fields = {
  url: httpUrl.describe(
    "Where events are sent, in POST requests. It must use HTTPS and be public, unless the operator allows its address.",
  ),
  description: description.optional(),
  actions: uniqueArray(auditActionPattern, 50)
    .min(1, "must have at least one element")
    .default(["*"])
    .describe("Which audit events are sent: names of actions, beginnings such as `user.*`, or `*` for all."),
  enabled: z.boolean().default(true).describe("False: no event is sent. They are sent when it is enabled again."),
};

const disabledReason = z.enum(["gone", "failing"]);

/** A webhook: a subscription of an organization to its audit events. */
export const webhook = z.object({
  ...entityFields,
  slug,
  ...fields,
  /** Why the service has disabled it; absent if an admin has. */
  disabledReason: disabledReason.optional(),
  /** The time until which messages are signed with the previous secret, too. */
  previousSecretExpiresAt: z.string().optional(),
});
export type Webhook = Readonly<z.output<typeof webhook>>;

/** The fields of a webhook that clients may set. */
export type WebhookContent = Pick<Webhook, "slug" | "url" | "description" | "actions" | "enabled">;

export const webhookInput = z
  .strictObject({
    ...readOnlyEntityFields,
    slug,
    ...fields,
    disabledReason: readOnlyField(z.string()),
    previousSecretExpiresAt: readOnlyField(z.string().nullable()),
    delivery: readOnlyField(z.looseObject({})),
  })
  .meta({ id: "WebhookInput" });

/** The body of PUT, whose path has the slug. */
export const webhookReplacement = z
  .strictObject({ ...webhookInput.shape, slug: slug.optional().describe("Must equal the slug in the path.") })
  .meta({ id: "WebhookReplacement" });

const nullableInstant = z.iso.datetime({ precision: 3 }).nullable();

/** What is known of the deliveries of a webhook. */
const webhookDelivery = z
  .object({
    lastSuccessAt: nullableInstant.describe("The time of the last event that the receiver accepted."),
    lastFailure: z
      .object({
        at: z.iso.datetime({ precision: 3 }),
        reason: z.string().describe("What failed, without the content of the response."),
        status: z.int().optional().describe("The HTTP status of the response, if there was one."),
      })
      .nullable(),
    failingSince: nullableInstant.describe("The first failure since the last success; null if the last one succeeded."),
    nextAttemptAt: nullableInstant.describe("The time of the next attempt after a failure."),
    pendingSince: nullableInstant.describe(
      "The time of the oldest event that is still to be sent; null if none is, or if none is found among the first of many events.",
    ),
  })
  .meta({ id: "WebhookDelivery" });
export type WebhookDeliveryStatus = Readonly<z.output<typeof webhookDelivery>>;

export const webhookResponse = z
  .object({
    ...entityResponseFields,
    slug,
    ...fields,
    disabledReason: disabledReason
      .optional()
      .describe(
        "Why the service has disabled the webhook: the receiver responded with the status 410 (`gone`), or failed for five days (`failing`).",
      ),
    previousSecretExpiresAt: nullableInstant.describe(
      "The time until which messages have a second signature, with the secret before the last rotation.",
    ),
    delivery: webhookDelivery,
  })
  .meta({ id: "Webhook" });

/** The only responses with the secret. */
export const issuedWebhookResponse = webhookResponse
  .extend({
    secret: z
      .string()
      .optional()
      .describe("The secret that signs messages (`whsec_…`). Only in the response that creates or rotates it."),
  })
  .meta({ id: "IssuedWebhook" });

export const webhookRotation = z
  .strictObject({
    gracePeriodSeconds: z
      .int()
      .min(0)
      .max(604_800)
      .default(86_400)
      .describe("How long messages are also signed with the previous secret."),
  })
  .meta({ id: "WebhookRotation" });

/** The result of one message. */
export const webhookTestResult = z
  .object({
    delivered: z.boolean().describe("Whether the receiver responded with a status from 200 to 299."),
    id: z.string().describe("The id of the event, which is the header `webhook-id`."),
    status: z.int().optional().describe("The HTTP status of the response, if there was one."),
    reason: z.string().optional().describe("What failed."),
    durationMs: z.int(),
  })
  .meta({ id: "WebhookTestResult" });
export type WebhookTestResult = Readonly<z.output<typeof webhookTestResult>>;
