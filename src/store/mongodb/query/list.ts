import { listPage, type PageRead } from "../../paging/list-page.ts";
import { inferTotal } from "../../paging/nearer-end.ts";
import type { Position, Query, Scalar } from "../../query.ts";
import { parseRawRecord } from "../../record.ts";
import type { Reader } from "../../store.ts";
import { readRawString } from "../read/bson-reader.ts";
import { decodeRawDocument } from "../read/raw-document.ts";
import { documentSkipMax } from "./page.ts";

/** Skipping fewer records than this costs less than the round trip that counts them. */
const farOffsetMin = 200;

/**
 * Reads one page of a collection by the cheapest path; see `listPage`.
 * @param source.read reads the documents of one query
 * @returns the documents in BSON, and the number of all matches if the query requests it
 */
export async function listDocuments(
  query: Query,
  {
    read,
    count,
  }: {
    read(query: Query): Promise<readonly Uint8Array[]>;
    count: Reader<never>["count"];
  },
): Promise<PageRead<Uint8Array>> {
  return listPage<Uint8Array>(query, {
    read: async (effectiveQuery) => {
      const documents = await read(effectiveQuery);
      // Past `documentSkipMax` documents are fetched in a second step and may be gone by then, so a page that is not full
      // does not prove that the list ends there.
      const isProof = (effectiveQuery.offset ?? 0) <= documentSkipMax;
      const inferredTotal = isProof ? inferTotal(effectiveQuery, documents.length) : undefined;
      return inferredTotal === undefined ? { rows: documents } : { rows: documents, total: inferredTotal };
    },
    count: async (where) => count(where),
    toPosition: (document) => toPosition(document, query.sort?.path),
    measure: ({ length }) => length,
    farOffsetMin,
  });
}

/** Returns a document's position in the order of a path; undefined if the path does not hold a single value. */
function toPosition(document: Uint8Array, path: string | undefined): Position | undefined {
  const id = readRawString(document, "id") ?? "";
  if (path === undefined || path === "id") return { id };
  let value: unknown = parseRawRecord(decodeRawDocument(document));
  for (const part of path.split(".")) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[part];
  if (value === undefined || value === null) return { id, value: null };
  return typeof value === "object" ? undefined : { id, value: value as Scalar };
}
