import { isLong, waitForOwnTick } from "../../own-tick.ts";

/**
 * Maps the records of a read. If they are long together, it waits for its own tick before each step, because reading them
 * took milliseconds, and mapping them takes as long.
 * @param lengthOf returns the length of a record in characters or bytes
 */
export function mapInSteps<T, R>(
  records: readonly T[],
  lengthOf: (record: T) => number,
  map: (record: T) => R,
): R[] | Promise<R[]> {
  let length = 0;
  for (const record of records) length += lengthOf(record);
  return isLong(length) ? mapLong(records, lengthOf, map) : records.map(map);
}

async function mapLong<T, R>(
  records: readonly T[],
  lengthOf: (record: T) => number,
  map: (record: T) => R,
): Promise<R[]> {
  const mapped: R[] = [];
  let stepLength = 0;
  for (const [at, record] of records.entries()) {
    if (at === 0 || isLong(stepLength)) {
      await waitForOwnTick();
      stepLength = 0;
    }
    stepLength += lengthOf(record);
    mapped.push(map(record));
  }
  return mapped;
}
