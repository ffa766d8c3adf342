import { z } from "zod";
import {
  issuedWebhookResponse,
  type Webhook,
  type WebhookContent,
  type WebhookDeliveryStatus,
  webhookInput,
  webhookReplacement,
  webhookResponse,
  webhookRotation,
  webhookTestResult,
} from "../../../../schemas/webhook.ts";
import { type IssuedWebhook, toWebhookContent, webhookNotFound } from "../../../domain/webhooks/webhooks.ts";
import { equalsFilter, toListQuerySchema, toPageSchema } from "../kernel/lists.ts";
import { applyMergePatch, toMergePatchSchema } from "../kernel/merge-patch.ts";
import { defineOperation, type Operation, type OperationResponse } from "../kernel/operation.ts";
import {
  createOnlyText,
  creationOrderText,
  idempotentPutText,
  mergePatchText,
  toSummaries,
  versionedReadText,
} from "../kernel/operation-texts.ts";
import { organizationListView } from "../kernel/organization-list.ts";
import type { Services } from "../kernel/services.ts";
import { assertPathSlug, parseBody } from "../kernel/validation.ts";

const path = "/webhooks";
const tag = "Webhooks";
const itemRoute = {
  path: `${path}/{id}`,
  tag,
  parameters: { id: "The slug or id of the webhook." },
  isVersioned: true,
} as const;
const summaries = toSummaries({ singular: "a webhook", plural: "webhooks" });
const filters = equalsFilter("enabled", z.boolean().describe("Whether the webhooks are enabled."));
const secretText = "The response has the secret that signs the messages. It is not shown again.";

const list = defineOperation({
  operationId: "listWebhooks",
  method: "get",
  path,
  tag,
  query: toListQuerySchema(filters),
  summary: summaries.list,
  description: creationOrderText,
  organization: organizationListView<Webhook, ReadonlyMap<string, WebhookDeliveryStatus>>({
    path,
    filters,
    pageSchema: toPageSchema(webhookResponse, "WebhookList"),
    serviceFrom: ({ webhooks }) => webhooks,
    contextFrom: async ({ webhooks }, organizationId) => {
      const { items } = await webhooks.list(organizationId, { limit: 100 });
      return webhooks.describe(items);
    },
    render: (webhook, _, statuses) => renderWebhook(webhook, statuses.get(webhook.id)),
  }),
});

const create = defineOperation({
  operationId: "createWebhook",
  method: "post",
  path,
  tag,
  isVersioned: true,
  body: webhookInput,
  summary: summaries.create,
  description: `Sends the audit events of the organization from now on to a URL, signed as Standard Webhooks specifies. ${secretText}`,
  errorCodes: ["conflict", "limit-reached", "not-implemented"],
  organization: {
    scopes: ["admin:write"],
    responses: { 201: issuedWebhookResponse },
    handle: async ({ caller, body }, services) =>
      toCreatedResponse(await services.webhooks.create(caller, toWebhookContent(body)), services),
  },
});

const get = defineOperation({
  operationId: "getWebhook",
  method: "get",
  ...itemRoute,
  summary: summaries.get,
  description: versionedReadText,
  organization: {
    scopes: ["admin:read"],
    responses: { 200: webhookResponse },
    handle: async ({ caller, parameter }, services) => {
      const webhook = await services.webhooks.get(caller.organizationId, parameter("id"));
      if (!webhook) throw webhookNotFound();
      return toWebhookResponse({ webhook }, services);
    },
  },
});

const put = defineOperation({
  operationId: "putWebhook",
  method: "put",
  ...itemRoute,
  body: webhookReplacement,
  summary: summaries.put,
  description: `Creates the webhook with this slug, or replaces its content. If it is new, the response has its secret. ${idempotentPutText} ${createOnlyText}`,
  errorCodes: ["conflict", "limit-reached", "not-implemented"],
  organization: {
    scopes: ["admin:write"],
    responses: { 200: webhookResponse, 201: issuedWebhookResponse },
    handle: async ({ caller, expected, parameter, body }, services) => {
      const idOrSlug = parameter("id");
      if (idOrSlug.startsWith("whk_")) {
        const revise = (current: WebhookContent) => toWebhookContent({ ...body, slug: body.slug ?? current.slug });
        const webhook = await services.webhooks.update(caller, idOrSlug, expected, revise);
        return toWebhookResponse({ webhook }, services);
      }
      assertPathSlug(idOrSlug, body.slug);
      const content = toWebhookContent({ ...body, slug: idOrSlug });
      const { isNew, ...issued } = await services.webhooks.put(caller, expected, content);
      return isNew ? toCreatedResponse(issued, services) : toWebhookResponse(issued, services);
    },
  },
});

const patch = defineOperation({
  operationId: "patchWebhook",
  method: "patch",
  ...itemRoute,
  body: toMergePatchSchema(webhookInput.shape, "WebhookPatch"),
  summary: summaries.patch,
  description: `${mergePatchText} A webhook that is enabled again continues where it stopped.`,
  organization: {
    scopes: ["admin:write"],
    responses: { 200: webhookResponse },
    handle: async ({ caller, expected, parameter, body }, services) => {
      const revise = (current: WebhookContent) =>
        toWebhookContent(parseBody(webhookInput, applyMergePatch(current, body)));
      const webhook = await services.webhooks.update(caller, parameter("id"), expected, revise);
      return toWebhookResponse({ webhook }, services);
    },
  },
});

const remove = defineOperation({
  operationId: "deleteWebhook",
  method: "delete",
  ...itemRoute,
  summary: summaries.delete,
  description: "Deletes the webhook. Events that are not delivered yet are not sent.",
  organization: {
    scopes: ["admin:write"],
    responses: { 204: null },
    handle: async ({ caller, expected, parameter }, { webhooks }) => {
      await webhooks.remove(caller, parameter("id"), expected);
      return { status: 204 };
    },
  },
});

const rotate = defineOperation({
  operationId: "rotateWebhookSecret",
  method: "post",
  ...itemRoute,
  path: `${itemRoute.path}/rotate`,
  body: webhookRotation,
  isBodyOptional: true,
  summary: "Rotate a webhook's secret",
  description: `Replaces the secret. Until the grace period is over, each message has two signatures. A rotation within it ends the validity of the secret before the previous one. ${secretText}`,
  errorCodes: ["not-implemented", "precondition-failed"],
  organization: {
    scopes: ["admin:write"],
    responses: { 200: issuedWebhookResponse },
    handle: async ({ caller, expected, parameter, body }, services) => {
      const { webhooks } = services;
      const issued = await webhooks.rotate(caller, parameter("id"), expected, body.gracePeriodSeconds);
      return toWebhookResponse(issued, services);
    },
  },
});

const test = defineOperation({
  operationId: "testWebhook",
  method: "post",
  path: `${itemRoute.path}/test`,
  tag,
  parameters: itemRoute.parameters,
  summary: "Send a test event to a webhook",
  description:
    "Sends the audit event `webhook.test`, also if the webhook is disabled or selects other actions, and returns the result. It is not sent again after a failure; a delivery in progress may send it a second time with the same id. The rate limit `webhook-tests` counts these requests of the organization.",
  errorCodes: ["conflict"],
  organization: {
    scopes: ["admin:write"],
    responses: { 200: webhookTestResult },
    handle: async ({ caller, parameter }, { webhookTests }) => ({
      status: 200,
      body: await webhookTests.send(caller, parameter("id")),
    }),
  },
});

/** The operations on the webhooks of the credential's organization. */
export const webhookOperations: readonly Operation[] = [list, create, get, put, patch, remove, rotate, test];

async function toWebhookResponse(
  { webhook, secret }: IssuedWebhook,
  { webhooks }: Services,
): Promise<OperationResponse> {
  const statuses = await webhooks.describe([webhook]);
  return {
    status: 200,
    version: webhook.version,
    hasVolatileFields: true,
    body: { ...renderWebhook(webhook, statuses.get(webhook.id)), ...(secret !== undefined && { secret }) },
  };
}

async function toCreatedResponse(issued: IssuedWebhook, services: Services): Promise<OperationResponse> {
  return {
    ...(await toWebhookResponse(issued, services)),
    status: 201,
    location: `${path}/${issued.webhook.id}`,
  };
}

function renderWebhook(webhook: Webhook, delivery: WebhookDeliveryStatus | undefined): object {
  const { organizationId: _, previousSecretExpiresAt = null, ...rest } = webhook;
  const isOver = previousSecretExpiresAt !== null && Date.parse(previousSecretExpiresAt) <= Date.now();
  return { ...rest, previousSecretExpiresAt: isOver ? null : previousSecretExpiresAt, delivery };
}
