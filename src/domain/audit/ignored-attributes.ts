import type { RequestLogReader } from "./request-log-reader.ts";

/** Which attributes were ignored in the last logged requests of an organization. */
export interface IgnoredAttributeCounts {
  /** The number of logged requests that were read. */
  readonly requests: number;
  /** The number of requests by attribute, the most frequent first. */
  readonly counts: readonly (readonly [name: string, requests: number])[];
}

/** The last requests that are read. No index finds those with ignored attributes, so that their number is bounded. */
const requestsMax = 500;
/** The most attributes that are returned. */
const attributesMax = 20;

/** Counts the attributes that were ignored in the last logged requests. @throws AppError unavailable */
export async function countIgnoredAttributes(
  reader: Pick<RequestLogReader, "list">,
  organizationId: string,
): Promise<IgnoredAttributeCounts> {
  const sizeLimit = { lengthMax: 1024 * 1024, firstBatch: 50 };
  const { items } = await reader.list(organizationId, {}, { limit: requestsMax, sizeLimit });
  const counts = new Map<string, number>();
  for (const name of items.flatMap(({ ignoredAttributes = [] }) => ignoredAttributes))
    counts.set(name, (counts.get(name) ?? 0) + 1);
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  return { requests: items.length, counts: sorted.slice(0, attributesMax) };
}
