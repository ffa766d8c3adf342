import { z } from "zod";
import { slug } from "../../../../schemas/text.ts";
import type { User } from "../../../../schemas/user.ts";
import type { EffectiveAccess } from "../../../domain/access/effective-access.ts";
import type { ResourceContent } from "../../../domain/catalog/catalog.ts";
import type { ResourceOwner } from "../../../domain/catalog/missing-references.ts";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import { AppError } from "../../../errors.ts";
import { applyMergePatch, toMergePatchSchema } from "../kernel/merge-patch.ts";
import { defineOperation, type Operation, type OperationResponse, type RequestContext } from "../kernel/operation.ts";
import {
  blockedDeletionText,
  createOnlyText,
  createText,
  detachParameter,
  idempotentPutText,
  mergePatchText,
  toSummaries,
} from "../kernel/operation-texts.ts";
import type { Services } from "../kernel/services.ts";
import { assertPathSlug, parseBody } from "../kernel/validation.ts";
import {
  findAccessible,
  type ResourceDescriptor,
  resolveEffectiveAccess,
  toCatalogResponse,
  toUserCatalogResponse,
} from "./catalog-descriptor.ts";

/** The create, put, patch and delete operations of one catalog resource. A user's view changes only user-owned ones. */
export function writeOperations<T extends CatalogResource>(descriptor: ResourceDescriptor<T>): readonly Operation[] {
  const { resourceType, path, tag, name, inputSchema, responseSchema, catalogFrom } = descriptor;
  const { title } = resourceType;
  const summaries = toSummaries(descriptor.nouns);
  const ownable = descriptor.userView?.isOwnable ? descriptor.userView : undefined;
  const itemRoute = {
    path: `${path}/{id}`,
    tag,
    parameters: { id: `The slug or id of the ${title}.` },
    isVersioned: true,
  } as const;
  return [
    defineOperation({
      operationId: `create${name}`,
      method: "post",
      path,
      tag,
      isVersioned: true,
      body: inputSchema,
      summary: summaries.create,
      description: ownable
        ? `The user's view creates a resource that belongs to the user, and that no other user can use. ${createText}`
        : createText,
      errorCodes: ["conflict"],
      organization: {
        scopes: ["admin:write"],
        responses: { 201: responseSchema },
        handle: async ({ caller, body }, services) =>
          toCreatedResponse(await catalogFrom(services).create(caller, toContent(body, undefined))),
      },
      ...(ownable && {
        user: {
          scopes: ["connect:write"],
          responses: { 201: ownable.responseSchema },
          handle: async (context, services) => {
            const effectiveAccess = await resolveEffectiveAccess(context, services);
            const resource = await catalogFrom(services).create(
              context.caller,
              toContent(context.body, context.user.id),
              toOwner(context.user, effectiveAccess),
            );
            return {
              ...(await toUserCatalogResponse(descriptor, resource, effectiveAccess, services)),
              ...toCreatedLocation(resource),
            };
          },
        },
      }),
    }),
    defineOperation({
      operationId: `put${name}`,
      method: "put",
      ...itemRoute,
      body: inputSchema
        .safeExtend({ slug: slug.optional().describe("Must equal the slug in the path.") })
        .meta({ id: `${name}Replacement` }),
      summary: summaries.put,
      description: `Creates the ${title} with this slug, or replaces the content of an existing one. ${idempotentPutText} ${createOnlyText}`,
      errorCodes: ["conflict"],
      organization: {
        scopes: ["admin:write"],
        responses: { 200: responseSchema, 201: responseSchema },
        handle: async (context, services) => {
          const { resource, isNew } = await put(context, services);
          return isNew ? toCreatedResponse(resource) : toCatalogResponse(resource);
        },
      },
      ...(ownable && {
        user: {
          scopes: ["connect:write"],
          responses: { 200: ownable.responseSchema, 201: ownable.responseSchema },
          handle: async (context, services) => {
            const effectiveAccess = await resolveEffectiveAccess(context, services);
            if (hasResourceId(context)) await assertOwned(context, effectiveAccess, services);
            const { resource, isNew } = await put(context, services, toOwner(context.user, effectiveAccess));
            const response = await toUserCatalogResponse(descriptor, resource, effectiveAccess, services);
            return isNew ? { ...response, ...toCreatedLocation(resource) } : response;
          },
        },
      }),
    }),
    defineOperation({
      operationId: `patch${name}`,
      method: "patch",
      ...itemRoute,
      body: toMergePatchSchema(inputSchema.shape, `${name}Patch`),
      summary: summaries.patch,
      description: mergePatchText,
      organization: {
        scopes: ["admin:write"],
        responses: { 200: responseSchema },
        handle: async (context, services) => toCatalogResponse(await patch(context, services)),
      },
      ...(ownable && {
        user: {
          scopes: ["connect:write"],
          responses: { 200: ownable.responseSchema },
          handle: async (context, services) => {
            const effectiveAccess = await resolveEffectiveAccess(context, services);
            await assertOwned(context, effectiveAccess, services);
            const resource = await patch(context, services, toOwner(context.user, effectiveAccess));
            return toUserCatalogResponse(descriptor, resource, effectiveAccess, services);
          },
        },
      }),
    }),
    defineOperation<typeof detachQuery>({
      operationId: `delete${name}`,
      method: "delete",
      ...itemRoute,
      summary: summaries.delete,
      description: descriptor.userView
        ? blockedDeletionText
        : `Deletes the ${title}, which then applies to no request.`,
      ...(descriptor.userView && { query: detachQuery, errorCodes: ["referenced"] }), // nothing can reference a policy
      organization: {
        scopes: ["admin:write"],
        responses: { 204: null },
        handle: async ({ caller, expected, parameter, query }, services) => {
          await catalogFrom(services).remove(caller, parameter("id"), expected, { isDetached: query?.detach });
          return { status: 204 };
        },
      },
      ...(ownable && {
        user: {
          scopes: ["connect:write"],
          responses: { 204: null },
          handle: async (context, services) => {
            const effectiveAccess = await resolveEffectiveAccess(context, services);
            await assertOwned(context, effectiveAccess, services);
            const { caller, user, expected, parameter } = context;
            const owner = toOwner(user, effectiveAccess);
            await catalogFrom(services).remove(caller, parameter("id"), expected, { owner });
            return { status: 204 };
          },
        },
      }),
    }),
  ];

  async function put(
    context: RequestContext<unknown>,
    services: Services,
    owner?: ResourceOwner,
  ): Promise<{ resource: T; isNew: boolean }> {
    const { caller, expected } = context;
    const slugOrId = context.parameter("id");
    const buildContent = (slug: string, ownerId: string | undefined): ResourceContent<T> => ({
      ...{ slug },
      ...toContent(context.body, ownerId),
    });
    if (hasResourceId(context)) {
      const revise = (current: ResourceContent<T>, ownerId: string | undefined): ResourceContent<T> =>
        buildContent(current.slug, ownerId);
      return { resource: await catalogFrom(services).update(caller, slugOrId, expected, revise, owner), isNew: false };
    }
    assertPathSlug(slugOrId, (context.body as { readonly slug?: string }).slug);
    return catalogFrom(services).put(caller, expected, buildContent(slugOrId, owner?.id), owner);
  }

  function patch(
    { caller, expected, parameter, body }: RequestContext<unknown>,
    services: Services,
    owner?: ResourceOwner,
  ): Promise<T> {
    const revise = (current: ResourceContent<T>, ownerId: string | undefined): ResourceContent<T> =>
      toContent(parseBody(inputSchema, applyMergePatch(current, body)), ownerId);
    return catalogFrom(services).update(caller, parameter("id"), expected, revise, owner);
  }

  function hasResourceId({ parameter }: RequestContext<unknown>): boolean {
    return parameter("id").startsWith(`${resourceType.prefix}_`);
  }

  /** @throws AppError not-found; forbidden for a resource of the organization, which the user can read but does not own */
  async function assertOwned(
    context: RequestContext<User>,
    effectiveAccess: EffectiveAccess,
    services: Services,
  ): Promise<void> {
    const { ownerId } = await findAccessible(descriptor, context, effectiveAccess, services);
    if (ownerId === context.user.id) return;
    throw new AppError(
      "forbidden",
      `The ${title} belongs to the organization. In the user's view, only user-owned ones can be changed.`,
    );
  }

  function toCreatedLocation({ id }: T): { readonly status: 201; readonly location: string } {
    return { status: 201, location: `${path}/${id}` };
  }

  function toCreatedResponse(resource: T): OperationResponse {
    return { ...toCatalogResponse(resource), ...toCreatedLocation(resource) };
  }

  /**
   * Removes the server fields from a validated body.
   * @throws AppError invalid-value for an `ownerId` that is not the current owner, because ownership never changes
   */
  function toContent(body: unknown, ownerId: string | undefined): ResourceContent<T> {
    const {
      id: _,
      version: _v,
      createdAt: _c,
      updatedAt: _u,
      ownerId: requestedOwnerId,
      ...content
    } = body as Record<string, unknown>;
    if (requestedOwnerId !== undefined && requestedOwnerId !== ownerId) {
      throw new AppError("invalid-value", "ownerId cannot be set. Omit it.", { field: "ownerId" });
    }
    return content as unknown as ResourceContent<T>;
  }
}

const detachQuery = z.object({ detach: detachParameter });

const toOwner = ({ id }: User, effectiveAccess: EffectiveAccess): ResourceOwner => ({
  id,
  canReference: (kind, resource) => effectiveAccess.canAccess(kind, resource),
});
