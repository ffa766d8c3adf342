import { z } from "zod";
import { labelFilter } from "../../../../schemas/labels.ts";
import type { Condition, Page, Position, Query, SizeLimit } from "../../../store/query.ts";
import { decodeCursor, encodeCursor } from "../../server/cursor.ts";

const limitDefault = 50;
const limitMax = 100;

/** The query parameters of every list, to be spread into its query schema. */
export const pageParameters = {
  limit: z
    .int()
    .min(1)
    .max(limitMax)
    .default(limitDefault)
    .describe("The maximum number of items per page. A page of large items has fewer."),
  cursor: z
    .string()
    .max(1024)
    .optional()
    .describe("The `nextCursor` of the previous page. Omit it for the first page."),
};

export type ListQuerySchema = z.ZodObject<typeof pageParameters>;
export type CursorPageRequest = z.output<ListQuerySchema>;

/** The filter parameters of a list, by name, each with its condition on stored records. */
export type ListFilters = Readonly<Record<string, ListFilter>>;

export type ListFilter = SingleFilter | RepeatableFilter;

interface SingleFilter {
  readonly schema: z.ZodType;
  readonly toCondition: (value: string | boolean) => Condition;
}

/** A filter parameter that can appear more than once. */
interface RepeatableFilter {
  readonly schema: z.ZodType;
  readonly toListCondition: (values: readonly string[]) => Condition;
}

/** The filter parameter `label`, which can appear more than once. */
export const labelFilters = (toListCondition: RepeatableFilter["toListCondition"]): ListFilters => ({
  label: { schema: labelFilter, toListCondition },
});

const nameLengthMax = 1024;

/**
 * The filter parameter `name`: the name begins with its value, case-insensitively.
 * @param field what the description calls the compared field
 */
export const nameFilter = (field: string, toCondition: (value: string) => Condition): ListFilters => ({
  name: {
    schema: z
      .string()
      .min(1)
      .max(nameLengthMax)
      .optional()
      .describe(`Only resources whose ${field} begins with this (case-insensitive).`),
    toCondition: (value) => toCondition(String(value)),
  },
});

/** A filter parameter whose value the field of the same name must equal. */
export function equalsFilter(path: string, schema: z.ZodType): ListFilters {
  return { [path]: { schema: schema.optional(), toCondition: (value) => ({ op: "eq", path, value }) } };
}

const timestampSchema = z.iso
  .datetime({ offset: true, error: "must be a time such as 2026-01-31T08:00:00Z" })
  // The ISO 8601 form of later years begins with a plus sign, which sorts before all digits.
  .refine((time) => !(new Date(time).getUTCFullYear() > 9999), "must be before the year 10000 in UTC")
  .optional();

/** A query parameter that is a time (RFC 3339). */
export const timestampParameter = (description: string) => timestampSchema.describe(description);

/** The query parameters for the time range of a log. */
export const timeRangeParameters = {
  from: timestampParameter("The start of the time range, inclusive."),
  to: timestampParameter("The end of the time range, exclusive."),
};

/** Converts the time range of a query to dates. */
export function parseTimeRange<T extends { readonly from?: string | undefined; readonly to?: string | undefined }>(
  query: T,
): Omit<T, "from" | "to"> & { readonly from: Date | undefined; readonly to: Date | undefined } {
  return { ...query, from: toDate(query.from), to: toDate(query.to) };
}

/** Converts an optional RFC 3339 time. */
export const toDate = (time: string | undefined): Date | undefined => (time === undefined ? undefined : new Date(time));

/** The query schema of a list with these filters. */
export function toListQuerySchema(filters: ListFilters): ListQuerySchema {
  const fields: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
    Object.entries(filters).map(([field, { schema }]) => [field, schema]),
  );
  return z.object({ ...pageParameters, ...fields });
}

/** The condition of a list query: all filters that it has must match. */
export function toListCondition(query: Readonly<Record<string, unknown>>, filters: ListFilters): Condition | undefined {
  const all = Object.entries(filters).flatMap(([field, filter]): Condition[] => {
    const value = query[field];
    if ("toListCondition" in filter) return Array.isArray(value) ? [filter.toListCondition(value as string[])] : [];
    return typeof value === "string" || typeof value === "boolean" ? [filter.toCondition(value)] : [];
  });
  return all.length > 0 ? { op: "and", all } : undefined;
}

const paginationSchema = z
  .object({
    limit: z.int().describe("The maximum number of items per page."),
    nextCursor: z.string().nullable().describe("The `cursor` of the next page; null on the last page."),
    hasMore: z.boolean().describe("Whether there is a next page."),
  })
  .meta({ id: "Pagination" });

/**
 * The response schema of a list.
 * @param id the name of the schema in the OpenAPI document
 * @param extraFields further fields of the response
 */
export function toPageSchema(
  item: z.ZodType,
  id: string,
  extraFields: Readonly<Record<string, z.ZodType>> = {},
): z.ZodType {
  return z
    .object({
      ...extraFields,
      data: z.array(item),
      pagination: paginationSchema,
    })
    .meta({ id });
}

/** The part of a query that selects the page. */
export type PageQuery = Pick<Query, "limit" | "after" | "sizeLimit">;

/** Records of the catalog have up to two million characters: the first read is of two of them. */
export const pageSizeLimit: SizeLimit = { lengthMax: 4 * 1024 * 1024, firstBatch: 2 };

/**
 * Builds the response with one page, sorted by id and so by creation time.
 * @param listKey identifies the list (organization, resource, view, filters), so that its cursors work for no other
 * @param fetchPage reads the page; `limit` is one more than the page size, to detect whether there is a next page
 * @param render renders all items of the page
 * @throws AppError invalid-cursor; expired-cursor
 */
export async function buildPageResponse<T extends { readonly id: string }>(
  { limit, cursor }: CursorPageRequest,
  listKey: readonly unknown[],
  fetchPage: (query: PageQuery) => Promise<Pick<Page<T>, "items" | "isCut">>,
  render: (items: readonly T[]) => readonly object[] | Promise<readonly object[]>,
): Promise<{ readonly status: 200; readonly body: object }> {
  const after: Position | undefined = cursor === undefined ? undefined : decodeCursor(cursor, listKey);
  const { items, isCut = false } = await fetchPage({
    limit: limit + 1,
    sizeLimit: pageSizeLimit,
    ...(after && { after }),
  });
  const page = items.slice(0, limit);
  const last = isCut || items.length > limit ? page.at(-1) : undefined;
  const nextCursor = last ? encodeCursor({ id: last.id }, listKey) : null;
  const body = { data: await render(page), pagination: { limit, nextCursor, hasMore: last !== undefined } };
  return { status: 200, body };
}
