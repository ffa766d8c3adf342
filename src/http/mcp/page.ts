import { InvalidParamsError } from "./message.ts";

/** Some clients read only the first page, and one stops after 64. */
const [firstPageMax, nextPageMax] = [1000, 500];

/**
 * Returns one page of a list whose items are in the order of their keys. The cursor is the key of the last item of the
 * previous page, so that every replica can continue the list, also after it has changed.
 * @throws InvalidParamsError for a cursor that was not returned by a list
 */
export function toPage<T>(
  items: readonly T[],
  toKey: (item: T) => string,
  cursor: string | undefined,
): { readonly items: readonly T[]; readonly nextCursor?: string } {
  const { after, countMax } = readCursor(cursor);
  const start = items.findIndex((item) => toKey(item) > after);
  if (start < 0) return { items: [] };
  const page = items.slice(start, start + countMax);
  const last = page.at(-1);
  const isLastPage = last === undefined || start + page.length >= items.length;
  return { items: page, ...(!isLastPage && { nextCursor: encodePageKey(toKey(last)) }) };
}

/**
 * Returns the key after which the page of a cursor begins, and how many items it has at most.
 * @throws InvalidParamsError for a cursor that was not returned by a list
 */
export function readCursor(cursor: string | undefined): { readonly after: string; readonly countMax: number } {
  return cursor === undefined
    ? { after: "", countMax: firstPageMax }
    : { after: decodePageKey(cursor), countMax: nextPageMax };
}

/** Encodes the key after which the next page begins. */
export const encodePageKey = (key: string): string => Buffer.from(`1${key}`).toString("base64url");

/** @throws InvalidParamsError for a cursor that `encodePageKey` did not create */
export function decodePageKey(cursor: string): string {
  const decoded = cursor.length <= cursorLengthMax ? Buffer.from(cursor, "base64url").toString("utf8") : "";
  if (decoded.startsWith("1") && encodePageKey(decoded.slice(1)) === cursor) return decoded.slice(1);
  throw new InvalidParamsError("params.cursor is not a cursor of this list. Omit it to get the first page.");
}

const cursorLengthMax = 400;
