import type { EndedOperation } from "../store/measured-store.ts";
import type { SpanRecorder } from "./span-recorder.ts";

/** Returns what records the operations of the store as spans of the requests that wait for them. */
export const traceStore =
  (recorder: SpanRecorder, engine: "sqlite" | "mongodb") =>
  ({ operation, collection, startedAt, errorCode, waitMs, runs }: EndedOperation): void => {
    const attributes = {
      "db.system.name": engine,
      "db.operation.name": operation,
      ...(collection !== undefined && { "db.collection.name": collection }),
      ...(waitMs !== undefined && { "gatehouse.transaction.wait_ms": Math.round(waitMs * 1000) / 1000 }),
      ...(runs !== undefined && { "gatehouse.transaction.runs": runs }),
    };
    const name = collection === undefined ? operation : `${operation} ${collection}`;
    recorder.recordEnded(name, startedAt, attributes, errorCode);
  };
