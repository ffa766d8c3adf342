import type { z } from "zod";
import type { Page, Query } from "../../../store/query.ts";
import { buildPageResponse, type CursorPageRequest, type ListFilters, toListCondition } from "./lists.ts";
import type { View } from "./operation.ts";
import type { Services } from "./services.ts";

export interface OrganizationListOptions<T, Context = undefined> {
  /** The path of the list, which its cursors are bound to. */
  readonly path: string;
  readonly filters: ListFilters;
  readonly pageSchema: z.ZodType;
  readonly serviceFrom: (services: Services) => {
    list(organizationId: string, query: Query): Promise<Page<T>>;
  };
  /** Reads what all items of a page are rendered with. */
  readonly contextFrom?: (services: Services, organizationId: string) => Promise<Context>;
  /** @param query the query parameters of the list */
  readonly render: (item: T, query: CursorPageRequest, context: Context) => object;
}

/** The organization's view of a list: filtered, paginated, in order of creation. It requires the scope admin:read. */
export function organizationListView<T extends { readonly id: string }, Context = undefined>({
  path,
  filters,
  pageSchema,
  serviceFrom,
  contextFrom,
  render,
}: OrganizationListOptions<T, Context>): View<undefined, CursorPageRequest> {
  return {
    scopes: ["admin:read"],
    responses: { 200: pageSchema },
    handle: ({ caller: { organizationId }, query }, services) => {
      const where = toListCondition(query, filters);
      return buildPageResponse(
        query,
        [organizationId, path, where],
        (page) => serviceFrom(services).list(organizationId, { ...page, ...(where && { where }) }),
        async (items) => {
          const context = (await contextFrom?.(services, organizationId)) as Context;
          return items.map((item) => render(item, query, context));
        },
      );
    },
  };
}
