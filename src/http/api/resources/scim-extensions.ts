import { z } from "zod";
import {
  type ScimExtension,
  scimExtensionInput,
  scimExtensionResponse,
  scimExtensionUrn,
} from "../../../../schemas/scim-extension.ts";
import type { ScimExtensionContent } from "../../../domain/extensions/extension-changes.ts";
import { AppError } from "../../../errors.ts";
import { assertDeclarable } from "../../../scim/schema/extension-declaration.ts";
import { hasNormalizedPrefix } from "../../../store/fields.ts";
import { applyMergePatch, toMergePatchSchema } from "../kernel/merge-patch.ts";
import { defineOperation, type Operation, type OperationResponse } from "../kernel/operation.ts";
import {
  createOnlyText,
  idempotentPutText,
  mergePatchText,
  toSummaries,
  versionedReadText,
} from "../kernel/operation-texts.ts";
import { parseBody } from "../kernel/validation.ts";

const path = "/scim-extensions";
const tag = "SCIM extensions";
const itemRoute = {
  path: `${path}/{urn}`,
  tag,
  parameters: { urn: "The URN of the extension schema (case-insensitive)." },
  isVersioned: true,
} as const;
const summaries = toSummaries({ singular: "an extension schema", plural: "extension schemas" });
const storedValuesText =
  "Stored values stay readable: a change that they do not fit is rejected with 409. The values of a removed attribute stay stored, and return when it is declared again.";

const listQuery = z.object({
  resourceType: scimExtensionInput.shape.resourceType.optional().describe("Only extension schemas of this type."),
  name: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe("Only extension schemas whose name, or else URN, begins with this (case-insensitive)."),
});

const list = defineOperation({
  operationId: "listScimExtensions",
  method: "get",
  path,
  tag,
  query: listQuery,
  summary: summaries.list,
  description: "Returns all extension schemas of the organization, the oldest first.",
  organization: {
    scopes: ["admin:read"],
    responses: { 200: z.object({ data: z.array(scimExtensionResponse) }).meta({ id: "ScimExtensionList" }) },
    handle: async ({ caller, query: { resourceType, name = "" } }, { scimExtensions }) => {
      const matches = (extension: ScimExtension): boolean =>
        (resourceType === undefined || extension.resourceType === resourceType) &&
        hasNormalizedPrefix(extension.name ?? extension.urn, name);
      const extensions = await scimExtensions.list(caller.organizationId);
      return { status: 200, body: { data: extensions.filter(matches).map(renderExtension) } };
    },
  },
});

const get = defineOperation({
  operationId: "getScimExtension",
  method: "get",
  ...itemRoute,
  summary: summaries.get,
  description: versionedReadText,
  organization: {
    scopes: ["admin:read"],
    responses: { 200: scimExtensionResponse },
    handle: async ({ caller, parameter }, { scimExtensions }) => {
      const extension = await scimExtensions.get(caller.organizationId, parameter("urn"));
      if (!extension) throw new AppError("not-found", "The extension schema was not found.");
      return toExtensionResponse(extension);
    },
  },
});

const put = defineOperation({
  operationId: "putScimExtension",
  method: "put",
  ...itemRoute,
  body: scimExtensionInput,
  summary: summaries.put,
  description: `Creates the extension schema with this URN, or replaces its content. The next SCIM request uses it, on every replica. ${storedValuesText} ${idempotentPutText} ${createOnlyText}`,
  errorCodes: ["conflict", "limit-reached", "referenced", "mutability"],
  organization: {
    scopes: ["admin:write"],
    responses: { 200: scimExtensionResponse, 201: scimExtensionResponse },
    handle: async ({ caller, expected, parameter, body }, { scimExtensions }) => {
      const urn = parseExtensionUrn(parameter("urn"));
      const { stored, isNew } = await scimExtensions.put(caller, urn, expected, toExtensionContent(urn, body));
      const response = toExtensionResponse(stored);
      return isNew ? { ...response, status: 201, location: `${path}/${stored.urn}` } : response;
    },
  },
});

const patch = defineOperation({
  operationId: "patchScimExtension",
  method: "patch",
  ...itemRoute,
  body: toMergePatchSchema(scimExtensionInput.shape, "ScimExtensionPatch"),
  summary: summaries.patch,
  description: `${mergePatchText} ${storedValuesText}`,
  errorCodes: ["limit-reached", "referenced", "mutability"],
  organization: {
    scopes: ["admin:write"],
    responses: { 200: scimExtensionResponse },
    handle: async ({ caller, expected, parameter, body }, { scimExtensions }) => {
      const revise = (current: ScimExtension): ScimExtensionContent =>
        toExtensionContent(current.urn, parseBody(scimExtensionInput, applyMergePatch(renderExtension(current), body)));
      return toExtensionResponse(await scimExtensions.update(caller, parameter("urn"), expected, revise));
    },
  },
});

const forceQuery = z.object({
  force: z
    .boolean()
    .default(false)
    .describe("Removes the stored values of the attributes too. They cannot be restored."),
});

const remove = defineOperation({
  operationId: "deleteScimExtension",
  method: "delete",
  ...itemRoute,
  query: forceQuery,
  summary: summaries.delete,
  description: "409 with some of the users or groups that have values of it, unless `force=true` removes these too.",
  errorCodes: ["referenced"],
  organization: {
    scopes: ["admin:write"],
    responses: { 204: null },
    handle: async ({ caller, expected, parameter, query }, { scimExtensions }) => {
      await scimExtensions.remove(caller, parameter("urn"), expected, query.force);
      return { status: 204 };
    },
  },
});

/** The operations on the extension schemas of the credential's organization. */
export const scimExtensionOperations: readonly Operation[] = [list, get, put, patch, remove];

/** Validates the URN of an extension schema. @throws AppError invalid-value */
export function parseExtensionUrn(value: string): string {
  const { error } = scimExtensionUrn.safeParse(value);
  if (!error) return value;
  throw new AppError("invalid-value", `The URN ${error.issues[0]?.message}.`, { field: "urn" });
}

/**
 * Returns the content of a schema for a validated body.
 * @throws AppError invalid-value for another URN than that of the path, and as `assertDeclarable`
 */
export function toExtensionContent(urn: string, body: z.output<typeof scimExtensionInput>): ScimExtensionContent {
  const { urn: sentUrn = urn, resourceType, name, description, attributes } = body;
  if (sentUrn.toLowerCase() !== urn.toLowerCase()) {
    throw new AppError("invalid-value", "urn must equal the URN in the path.", { field: "urn" });
  }
  assertDeclarable(urn, { resourceType, attributes });
  return { resourceType, ...(name !== undefined && { name }), description, attributes };
}

const toExtensionResponse = (extension: ScimExtension): OperationResponse => ({
  status: 200,
  version: extension.version,
  body: renderExtension(extension),
});

function renderExtension({ organizationId: _, ...rest }: ScimExtension): object {
  return rest;
}
