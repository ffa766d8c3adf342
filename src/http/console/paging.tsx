import type { VNode } from "preact";
import type { Page, Position } from "../../store/query.ts";
import { decodeCursor, encodeCursor } from "../server/cursor.ts";

/** The query of a list: its filters, and the cursor of the page. */
export type ListQuery = Readonly<Record<string, string | undefined>> & { readonly cursor?: string | undefined };

/** One page of a list, with the query strings of its neighbors. */
export interface ListPage<T> {
  readonly items: readonly T[];
  readonly nextQuery: string | undefined;
  readonly firstQuery: string | undefined;
}

const pageSize = 50;

/**
 * Reads one page of a list.
 * @param list identifies the list, so that its cursors are valid for no other
 * @param fetchPage `limit` is one more than the page has, to detect whether there is a next one
 * @param toPosition returns the position of an item; absent: the list is in order of ids
 * @throws AppError invalid-cursor; expired-cursor
 */
export async function readListPage<T extends { readonly id: string }>(
  {
    organizationId,
    list,
    query,
  }: { readonly organizationId: string; readonly list: string; readonly query: ListQuery },
  fetchPage: (page: { readonly limit: number; readonly after?: Position }) => Promise<Pick<Page<T>, "items" | "isCut">>,
  toPosition: (item: T) => Position = ({ id }) => ({ id }),
): Promise<ListPage<T>> {
  const { cursor, ...rest } = query;
  const filters = Object.entries(rest).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const listKey = [organizationId, `/console/${list}`, ...filters.sort().flat()];
  const after = cursor === undefined ? undefined : decodeCursor(cursor, listKey);
  const { items, isCut = false } = await fetchPage({ limit: pageSize + 1, ...(after && { after }) });
  const page = items.slice(0, pageSize);
  const last = isCut || items.length > pageSize ? page.at(-1) : undefined;
  return {
    items: page,
    nextQuery:
      last && new URLSearchParams([...filters, ["cursor", encodeCursor(toPosition(last), listKey)]]).toString(),
    firstQuery: cursor === undefined ? undefined : new URLSearchParams(filters).toString(),
  };
}

/** Removes the parameters that a form sends empty, because nothing was entered or chosen. */
export const withoutEmpty = (query: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ""));

/** The links to the first and the next page. */
export function PageLinks({
  url,
  page,
}: {
  readonly url: string;
  readonly page: Omit<ListPage<unknown>, "items">;
}): VNode {
  return (
    <nav class="pages" aria-label="Pages">
      {page.firstQuery !== undefined && <a href={`${url}?${page.firstQuery}`}>First page</a>}
      {page.nextQuery !== undefined && <a href={`${url}?${page.nextQuery}`}>Next page</a>}
    </nav>
  );
}
