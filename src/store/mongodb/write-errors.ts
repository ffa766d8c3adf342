import { conflict } from "../errors.ts";
import type { Entity } from "../record.ts";
import type { CollectionDefinition } from "../store.ts";
import { redactError, violatedUniqueIndex } from "./errors.ts";
import { uniqueIndexName } from "./schema/indexes.ts";

/** Converts the error of a write that violates a unique index to AppError conflict; returns any other error unchanged. */
export function toWriteError(error: unknown, { indexes }: CollectionDefinition<Entity>): unknown {
  const indexName = violatedUniqueIndex(error);
  if (indexName === undefined) return error;
  return conflict(
    indexes.find((each) => uniqueIndexName(each) === indexName),
    redactError(error),
  );
}
