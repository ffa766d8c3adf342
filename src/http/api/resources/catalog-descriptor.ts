import type { z } from "zod";
import { type Toolkit, toShownEntry } from "../../../../schemas/toolkit.ts";
import type { User } from "../../../../schemas/user.ts";
import type { EffectiveAccess } from "../../../domain/access/effective-access.ts";
import { type Catalog, resourceNotFound } from "../../../domain/catalog/catalog.ts";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import { type CatalogResourceType, toResourceContent } from "../../../domain/catalog/resource-types.ts";
import type { ListFilters } from "../kernel/lists.ts";
import type { OperationResponse, RequestContext } from "../kernel/operation.ts";
import type { ResourceNouns } from "../kernel/operation-texts.ts";
import type { Services } from "../kernel/services.ts";

/** Describes one catalog resource: its routes, schemas, filters and views. */
export interface ResourceDescriptor<T extends CatalogResource> {
  readonly resourceType: CatalogResourceType<T>;
  readonly path: string;
  readonly tag: string;
  /** In operation ids and schema names: `Toolkit`. */
  readonly name: string;
  /** In the id of the list operation: `Toolkits`. */
  readonly plural: string;
  /** In summaries and descriptions. */
  readonly nouns: ResourceNouns;
  readonly catalogFrom: (services: Services) => Catalog<T>;
  readonly inputSchema: z.ZodObject;
  readonly responseSchema: z.ZodObject;
  readonly filters: ListFilters;
  /** Removes from a body what says nothing, before it is validated. Absent: nothing is removed. */
  readonly normalizeBody?: (body: unknown) => unknown;
  /** Returns further fields of the response to a write in the organization's view. */
  readonly findWarnings?: (resource: T, services: Services) => Promise<object>;
  /** Fields that lists leave out unless the parameter `include` names them. Default: none. */
  readonly includableFields?: readonly [string, ...string[]];
  /** Absent: the resource has no user's view. */
  readonly userView?: UserViewDescriptor<T>;
}

interface UserViewDescriptor<T> {
  readonly kind: "mcp-server" | "toolkit" | "skill" | "command";
  readonly responseSchema: z.ZodObject;
  /** Renders resources as the user may see them. */
  readonly render: (
    resources: readonly T[],
    effectiveAccess: EffectiveAccess,
    services: Services,
  ) => Promise<readonly object[]>;
  /** Whether users can create their own. */
  readonly isOwnable: boolean;
}

/** Renders a resource for the organization's view. */
export function renderResource(resource: CatalogResource): Readonly<Record<string, unknown>> {
  const { id, version, createdAt, updatedAt, ownerId } = resource;
  return {
    id,
    version,
    createdAt,
    updatedAt,
    ...(ownerId !== undefined && { ownerId }),
    ...toShownContent(toResourceContent(resource)),
  };
}

function toShownContent(content: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { entries } = content as { readonly entries?: Toolkit["entries"] };
  return entries === undefined ? content : { ...content, entries: entries.map(toShownEntry) };
}

/** Renders a resource for a user's view, without its assignment, which names other users and groups. */
export function renderResourceForUser(resource: CatalogResource): Readonly<Record<string, unknown>> {
  const { assignment: _, ...visible } = renderResource(resource);
  return visible;
}

/** The response with one resource in the organization's view. */
export function toCatalogResponse(resource: CatalogResource): OperationResponse {
  return { status: 200, version: resource.version, body: renderResource(resource) };
}

/** The response with one resource in a user's view. */
export async function toUserCatalogResponse<T extends CatalogResource>(
  { userView }: ResourceDescriptor<T>,
  resource: T,
  effectiveAccess: EffectiveAccess,
  services: Services,
): Promise<OperationResponse> {
  const [body] = (await userView?.render([resource], effectiveAccess, services)) ?? [];
  return { status: 200, version: resource.version, ...(body && { body }) };
}

/** Resolves what the user of this view may use with the caller's credential. */
export function resolveEffectiveAccess(
  { caller, user }: RequestContext<User>,
  { access }: Services,
): Promise<EffectiveAccess> {
  return access.resolve(caller.organizationId, user.id, caller.restriction);
}

/**
 * Finds the resource that the path names among those that the user may use. A user-owned one takes precedence over one of
 * the organization with the same slug.
 * @throws AppError not-found, with the same body whether the resource does not exist or the user may not use it
 */
export async function findAccessible<T extends CatalogResource>(
  { resourceType, userView, catalogFrom }: ResourceDescriptor<T>,
  { caller: { organizationId }, user, parameter }: RequestContext<User>,
  effectiveAccess: EffectiveAccess,
  services: Services,
): Promise<T> {
  for (const ownerId of userView?.isOwnable ? [user.id, undefined] : [undefined]) {
    const resource = await catalogFrom(services).get(organizationId, parameter("id"), ownerId);
    if (resource && userView && effectiveAccess.canAccess(userView.kind, resource)) return resource;
  }
  throw resourceNotFound(resourceType.title);
}
