import { resourceNotFound } from "../../../domain/catalog/catalog.ts";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import type { Condition } from "../../../store/query.ts";
import { buildPageResponse, type ListQuerySchema, toListCondition, toPageSchema } from "../kernel/lists.ts";
import { defineOperation, type Operation } from "../kernel/operation.ts";
import { creationOrderText, toSummaries, versionedReadText } from "../kernel/operation-texts.ts";
import { organizationListView } from "../kernel/organization-list.ts";
import {
  findAccessible,
  type ResourceDescriptor,
  renderResource,
  resolveEffectiveAccess,
  toCatalogResponse,
  toUserCatalogResponse,
} from "./catalog-descriptor.ts";
import { toListProjection } from "./list-projection.ts";

/** The list and get operations of one catalog resource, in both views. */
export function readOperations<T extends CatalogResource>(descriptor: ResourceDescriptor<T>): readonly Operation[] {
  const { resourceType, path, tag, name, plural, responseSchema, filters, catalogFrom, userView } = descriptor;
  const { title } = resourceType;
  const summaries = toSummaries(descriptor.nouns);
  const list = toListProjection(descriptor);
  return [
    defineOperation<ListQuerySchema>({
      operationId: `list${plural}`,
      method: "get",
      path,
      tag,
      query: list.querySchema,
      errorCodes: ["query-too-expensive"],
      summary: summaries.list,
      description: userView
        ? `${creationOrderText} The user's view lists only those that the user may use.`
        : creationOrderText,
      organization: organizationListView({
        path,
        filters,
        pageSchema: toPageSchema(list.toItemSchema(responseSchema, `${name}Item`), `${name}List`),
        serviceFrom: catalogFrom,
        render: (resource, query) => list.project(renderResource(resource), query),
      }),
      ...(userView && {
        user: {
          scopes: ["connect:read"],
          responses: {
            200: toPageSchema(list.toItemSchema(userView.responseSchema, `User${name}Item`), `User${name}List`),
          },
          handle: async (context, services) => {
            const { organizationId } = context.caller;
            const effectiveAccess = await resolveEffectiveAccess(context, services);
            const filter = toListCondition(context.query, filters);
            const accessCondition = effectiveAccess.toCondition(userView.kind);
            const where: Condition = filter ? { op: "and", all: [accessCondition, filter] } : accessCondition;
            return buildPageResponse(
              context.query,
              [organizationId, context.user.id, path, filter],
              (page) => catalogFrom(services).list(organizationId, { ...page, where }),
              async (resources) => {
                const rendered = await userView.render(resources, effectiveAccess, services);
                return rendered.map((each) => list.project(each, context.query));
              },
            );
          },
        },
      }),
    }),
    defineOperation({
      operationId: `get${name}`,
      method: "get",
      path: `${path}/{id}`,
      tag,
      isVersioned: true,
      summary: summaries.get,
      description: userView
        ? `The user's view returns 404 for a resource that the user may not use. ${versionedReadText}`
        : versionedReadText,
      parameters: { id: `The slug or id of the ${title}.` },
      organization: {
        scopes: ["admin:read"],
        responses: { 200: responseSchema },
        handle: async ({ caller, parameter }, services) => {
          const resource = await catalogFrom(services).get(caller.organizationId, parameter("id"));
          if (!resource) throw resourceNotFound(title);
          return toCatalogResponse(resource);
        },
      },
      ...(userView && {
        user: {
          scopes: ["connect:read"],
          responses: { 200: userView.responseSchema },
          handle: async (context, services) => {
            const effectiveAccess = await resolveEffectiveAccess(context, services);
            return toUserCatalogResponse(
              descriptor,
              await findAccessible(descriptor, context, effectiveAccess, services),
              effectiveAccess,
              services,
            );
          },
        },
      }),
    }),
  ];
}
