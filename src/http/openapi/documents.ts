import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** The OpenAPI document in the forms that are served. */
export interface Documents {
  readonly yaml: string;
  readonly json: string;
  /** HTML. */
  readonly referencePage: string;
}

let documents: Promise<Documents> | undefined;

/**
 * Returns the documents. The first call builds them in a thread, because that takes half a second of CPU time, for which
 * it would hold the event loop. Further calls get the same documents.
 * @throws Error if the thread fails; the next call starts another one
 */
export function getDocuments(): Promise<Documents> {
  documents ??= buildDocuments().catch((error: unknown) => {
    documents = undefined;
    throw error;
  });
  return documents;
}

/** Builds the documents in a thread of its own. @throws Error if the thread fails */
export async function buildDocuments(): Promise<Documents> {
  const worker = new Worker(new URL("./documents-thread.js", import.meta.url));
  worker.unref(); // does not delay the end of the process
  const [built] = await once(worker, "message"); // rejects if the thread fails
  return built as Documents;
}
