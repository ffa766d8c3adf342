import { z } from "zod";
import type { Labels } from "../../../../schemas/labels.ts";
import type { Group, User } from "../../../../schemas/user.ts";
import { parseIdOrName } from "../../../domain/directory/id-or-name.ts";
import { AppError } from "../../../errors.ts";
import type { ResourceSchema } from "../../../scim/schema/resource-schema.ts";
import { completeExtensions } from "../../../scim/values/extension-values.ts";
import { hasSameNormalizedForm } from "../../../store/fields.ts";
import { toAttributes } from "../../../store/record.ts";
import { type ListQuerySchema, toListQuerySchema, toPageSchema } from "../kernel/lists.ts";
import { applyMergePatch, toMergePatchSchema } from "../kernel/merge-patch.ts";
import { defineOperation, type Operation, type OperationResponse, type RequestContext } from "../kernel/operation.ts";
import {
  blockedDeletionText,
  createOnlyText,
  creationOrderText,
  idempotentPutText,
  mergePatchText,
  toSummaries,
  versionedReadText,
} from "../kernel/operation-texts.ts";
import { organizationListView } from "../kernel/organization-list.ts";
import type { Services } from "../kernel/services.ts";
import { parseBody } from "../kernel/validation.ts";
import {
  type DirectoryContent,
  type DirectoryDescriptor,
  type OverrideQuerySchema,
  overrideQuery,
  type RemovalQuerySchema,
  removalQuery,
  toEditor,
} from "./directory.ts";
import { fromApiContent, toApiContent } from "./directory-extensions.ts";

/** The list, get, create, put, patch and delete operations of users or groups, in the organization's view. */
export function directoryOperations<T extends User | Group, Attributes extends DirectoryContent>(
  descriptor: DirectoryDescriptor<T, Attributes>,
): readonly Operation[] {
  const {
    path,
    tag,
    name,
    title,
    idPrefix,
    keyAttribute,
    inputSchema,
    responseSchema,
    filters,
    parseAttributes,
    serviceFrom,
    hasLabels,
  } = descriptor;
  const itemRoute = {
    path: `${path}/{id}`,
    tag,
    parameters: { id: `The id or ${keyAttribute} of the ${title}.` },
    isVersioned: true,
  } as const;
  const summaries = toSummaries({ singular: `a ${title}`, plural: `${title}s` });
  const mergedSchema = toMergedSchema(inputSchema);
  return [
    defineOperation<ListQuerySchema>({
      operationId: `list${name}s`,
      method: "get",
      path,
      tag,
      query: toListQuerySchema(filters),
      summary: summaries.list,
      description: creationOrderText,
      organization: organizationListView({
        path,
        filters,
        pageSchema: toPageSchema(responseSchema, `${name}List`),
        serviceFrom,
        contextFrom: schemaFrom,
        render: (resource, _query, schema) => renderDirectoryResource(resource, schema),
      }),
    }),
    defineOperation({
      operationId: `get${name}`,
      method: "get",
      ...itemRoute,
      summary: summaries.get,
      description: versionedReadText,
      organization: {
        scopes: ["admin:read"],
        responses: { 200: responseSchema },
        handle: async ({ caller, parameter }, services) => {
          const resource = await serviceFrom(services).get(
            caller.organizationId,
            parseIdOrName(parameter("id"), idPrefix),
          );
          if (!resource) throw new AppError("not-found", `The ${title} was not found.`);
          return toDirectoryResponse(resource, await schemaFrom(services, caller.organizationId));
        },
      },
    }),
    defineOperation({
      operationId: `create${name}`,
      method: "post",
      path,
      tag,
      isVersioned: true,
      body: inputSchema,
      summary: summaries.create,
      description: `Attributes follow the rules of SCIM (RFC 7643): an empty list or object is the same as an absent attribute. The ${keyAttribute} must be unique in the organization (case-insensitive).`,
      errorCodes: ["conflict"],
      organization: {
        scopes: ["admin:write"],
        responses: { 201: responseSchema },
        handle: async ({ caller, body }, services) => {
          const schema = await schemaFrom(services, caller.organizationId);
          const attributes = parseContent(toContent(body), schema, undefined, "replace");
          return toCreatedResponse(await serviceFrom(services).create(caller, attributes, "admin"), schema);
        },
      },
    }),
    defineOperation<OverrideQuerySchema>({
      operationId: `put${name}`,
      method: "put",
      ...itemRoute,
      query: overrideQuery,
      body: inputSchema
        .safeExtend({
          [keyAttribute]: z
            .string()
            .optional()
            .describe(`Must equal the ${keyAttribute} in the path. If the path has the id, a new ${keyAttribute}.`),
        })
        .meta({ id: `${name}Replacement` }),
      summary: summaries.put,
      description: `Creates the ${title} with this ${keyAttribute}, or replaces the content of an existing one. With an id in the path, it only replaces. ${idempotentPutText} ${createOnlyText}`,
      errorCodes: ["conflict", "managed"],
      organization: { scopes: ["admin:write"], responses: { 200: responseSchema, 201: responseSchema }, handle: put },
    }),
    defineOperation<OverrideQuerySchema>({
      operationId: `patch${name}`,
      method: "patch",
      ...itemRoute,
      query: overrideQuery,
      body: toMergePatchSchema(inputSchema.shape, `${name}Patch`),
      summary: summaries.patch,
      description: mergePatchText,
      errorCodes: ["conflict", "managed"],
      organization: {
        scopes: ["admin:write"],
        responses: { 200: responseSchema },
        handle: async ({ caller, expected, parameter, body, query }, services) => {
          const idOrName = parseIdOrName(parameter("id"), idPrefix);
          const schema = await schemaFrom(services, caller.organizationId);
          const revise = (current: DirectoryContent, labels?: Labels): Attributes => {
            const content = { ...toApiContent(current, schema), ...(labels && { labels }) };
            const merged = parseBody(mergedSchema, applyMergePatch(content, body));
            return parseContent(toContent(merged), schema, current, "patch");
          };
          return toDirectoryResponse(
            await serviceFrom(services).update(caller, idOrName, expected, revise, toEditor(query)),
            schema,
          );
        },
      },
    }),
    defineOperation<RemovalQuerySchema>({
      operationId: `delete${name}`,
      method: "delete",
      ...itemRoute,
      query: removalQuery,
      summary: summaries.delete,
      description: `Removes the ${title} permanently. ${blockedDeletionText}`,
      errorCodes: ["referenced", "managed"],
      organization: {
        scopes: ["admin:write"],
        responses: { 204: null },
        handle: async ({ caller, expected, parameter, query }, services) => {
          await serviceFrom(services).remove(
            caller,
            parseIdOrName(parameter("id"), idPrefix),
            expected,
            toEditor(query),
            query.detach,
          );
          return { status: 204 };
        },
      },
    }),
  ];

  async function put(
    context: RequestContext<undefined, z.output<OverrideQuerySchema>, unknown>,
    services: Services,
  ): Promise<OperationResponse> {
    const { caller, expected, parameter, body, query } = context;
    const idOrName = parseIdOrName(parameter("id"), idPrefix);
    const content = toContent(body);
    const schema = await schemaFrom(services, caller.organizationId);
    const editor = toEditor(query);
    if (typeof idOrName === "string") {
      const revise = (current: DirectoryContent): Attributes =>
        parseContent({ [keyAttribute]: current[keyAttribute], ...content }, schema, current, "replace");
      const updated = await serviceFrom(services).update(caller, idOrName, expected, revise, editor);
      return toDirectoryResponse(updated, schema);
    }
    const { name: pathKey } = idOrName;
    const bodyKey = content[keyAttribute];
    if (typeof bodyKey === "string" && !hasSameNormalizedForm(bodyKey, pathKey))
      throw invalidKeyError(`must equal the ${keyAttribute} in the path`);
    if (pathKey.includes("\0")) throw invalidKeyError("contains a NUL character");
    const revise = (current?: DirectoryContent): Attributes =>
      parseContent({ [keyAttribute]: current?.[keyAttribute] ?? pathKey, ...content }, schema, current, "replace");
    const { stored, isNew } = await serviceFrom(services).put(caller, pathKey, expected, revise, editor);
    return isNew ? toCreatedResponse(stored, schema) : toDirectoryResponse(stored, schema);
  }

  function schemaFrom({ schemas }: Services, organizationId: string): Promise<ResourceSchema> {
    return schemas.get(organizationId, name);
  }

  /** @param current the stored attributes; undefined for a new resource */
  function parseContent(
    content: DirectoryContent,
    schema: ResourceSchema,
    current: DirectoryContent | undefined,
    change: "replace" | "patch",
  ): Attributes {
    const { labels = {}, ...attributes } = content;
    const parsed = parseAttributes(fromApiContent(attributes, schema), schema);
    const complete = completeExtensions(parsed, current, schema, change);
    return hasLabels ? { ...complete, labels } : complete;
  }

  function invalidKeyError(detail: string): AppError {
    return new AppError("invalid-value", `${keyAttribute} ${detail}.`, { field: keyAttribute });
  }

  function toCreatedResponse(stored: T, schema: ResourceSchema): OperationResponse {
    return { ...toDirectoryResponse(stored, schema), status: 201, location: `${path}/${stored.id}` };
  }
}

/** The schema of the result of a merge patch: a required field of a user cannot be removed. */
const toMergedSchema = (input: z.ZodObject): z.ZodObject =>
  "active" in input.shape ? input.required({ active: true }) : input;

function toDirectoryResponse(resource: User | Group, schema: ResourceSchema): OperationResponse {
  const body = renderDirectoryResource(resource, schema);
  // A change of an extension schema can show and hide attributes.
  return { status: 200, version: resource.version, body, hasVolatileFields: resource.scimExtensions !== undefined };
}

function renderDirectoryResource(resource: User | Group, schema: ResourceSchema): DirectoryContent {
  const { id, version, createdAt, updatedAt, managedBy } = resource;
  const { labels = {} } = resource as Group;
  const labelFields = id.startsWith("grp_") ? { labels } : {};
  const content = toApiContent(toAttributes(resource), schema);
  return { id, version, createdAt, updatedAt, ...(managedBy && { managedBy }), ...labelFields, ...content };
}

/** Removes the server fields from a validated body. */
function toContent(body: unknown): DirectoryContent {
  const { id: _, version: _v, createdAt: _c, updatedAt: _u, managedBy: _m, ...content } = body as DirectoryContent;
  return content;
}
