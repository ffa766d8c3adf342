import { z } from "zod";
import type { Condition, Page, Position, Query } from "../../domain/query.ts";
import { cursorOf, positionOf } from "../cursor.ts";

const limitDefault = 50;
const limitMax = 100;

/** The parameters that every list takes, to be spread into its query. */
export const listQuery = {
  limit: z.int().min(1).max(limitMax).default(limitDefault).describe("how many things are on a page"),
  cursor: z.string().max(8192).optional().describe("`nextCursor` of the page before"),
};

export type ListQuery = z.ZodObject<typeof listQuery>;
export type PageRequest = z.output<ListQuery>;

/** The parameters that a list can be asked by besides, and what each asks of what is stored. */
export type Filters = Readonly<Record<string, Filter>>;

export interface Filter {
  readonly schema: z.ZodType;
  readonly condition: (value: string | boolean) => Condition;
}

/** A parameter that the field of this name must equal. */
export function equals(path: string, schema: z.ZodType): Filters {
  return { [path]: { schema: schema.optional(), condition: (value) => ({ op: "eq", path, value }) } };
}

const moment = z.iso.datetime({ offset: true, error: "must be a time such as 2026-01-31T08:00:00Z" }).optional();

/** A time as a parameter. @param meaning what of it is asked for */
export const timeParameter = (meaning: string) => moment.describe(meaning);

/** The parameters of a log: when. */
export const within = { from: timeParameter("from this time on"), to: timeParameter("before this time") };

/** What is asked of a log, with its times as dates. */
export function withDates<T extends { readonly from?: string | undefined; readonly to?: string | undefined }>(
  query: T,
): Omit<T, "from" | "to"> & { readonly from: Date | undefined; readonly to: Date | undefined } {
  return { ...query, from: dateOf(query.from), to: dateOf(query.to) };
}

export const dateOf = (time: string | undefined): Date | undefined => (time === undefined ? undefined : new Date(time));

/** The query of a list with these filters. */
export function queryOf(filters: Filters): ListQuery {
  const fields: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
    Object.entries(filters).map(([field, { schema }]) => [field, schema]),
  );
  return z.object({ ...listQuery, ...fields });
}

/** What a list is asked by: every filter that is given must hold. */
export function conditionFrom(query: Readonly<Record<string, unknown>>, filters: Filters): Condition | undefined {
  const all = Object.entries(filters).flatMap(([field, { condition }]): Condition[] => {
    const value = query[field];
    return typeof value === "string" || typeof value === "boolean" ? [condition(value)] : [];
  });
  return all.length > 0 ? { op: "and", all } : undefined;
}

/**
 * A page of a list.
 * @param id the name of the schema in the OpenAPI document
 * @param beside what the answer says besides
 */
export function pageOf(item: z.ZodType, id: string, beside: Readonly<Record<string, z.ZodType>> = {}): z.ZodType {
  return z
    .object({
      ...beside,
      data: z.array(item),
      pagination: z.object({
        limit: z.int(),
        nextCursor: z.string().nullable().describe("null on the last page"),
        hasMore: z.boolean(),
      }),
    })
    .meta({ id });
}

/**
 * One page in the order of the ids, which is that of creation.
 * @param list what the list is, so that a cursor goes with no other: organisation, kind, view and filters
 * @param find reads the page; one more thing than is shown tells whether there are more
 * @param show the things as they are answered, all at once
 * @throws AppError invalid-cursor; expired-cursor
 */
export async function pageAnswer<T extends { readonly id: string }>(
  { limit, cursor }: PageRequest,
  list: readonly unknown[],
  find: (query: Pick<Query, "limit" | "after">) => Promise<Pick<Page<T>, "items">>,
  show: (items: readonly T[]) => readonly object[] | Promise<readonly object[]>,
): Promise<{ readonly status: 200; readonly body: object }> {
  const after: Position | undefined = cursor === undefined ? undefined : positionOf(cursor, list);
  const { items } = await find({ limit: limit + 1, ...(after && { after }) });
  const page = items.slice(0, limit);
  const last = items.length > limit ? page.at(-1) : undefined;
  const nextCursor = last ? cursorOf({ id: last.id }, list) : null;
  const body = { data: await show(page), pagination: { limit, nextCursor, hasMore: last !== undefined } };
  return { status: 200, body };
}
