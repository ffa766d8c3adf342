import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { DocumentOptions } from "./document.ts";
import type { DocumentView } from "./documented-operation.ts";

/** The OpenAPI document of one view in the forms that are served. */
export interface DocumentForms {
  readonly yaml: string;
  readonly json: string;
  /** HTML. */
  readonly referencePage: string;
}

export type Documents = Readonly<Record<DocumentView, DocumentForms>>;

/**
 * Returns a function that returns the documents. Its first call builds them in a thread, because that takes a second of
 * CPU time, for which it would hold the event loop. Further calls get the same documents. If the thread fails, the function
 * throws its error, and the next call starts another one.
 */
export function createDocumentSource(options: Required<DocumentOptions>): () => Promise<Documents> {
  let documents: Promise<Documents> | undefined;
  return () => {
    documents ??= buildDocuments(options).catch((error: unknown) => {
      documents = undefined;
      throw error;
    });
    return documents;
  };
}

/** Builds the documents in a thread of its own. @throws Error if the thread fails */
export async function buildDocuments(options: DocumentOptions): Promise<Documents> {
  const worker = new Worker(new URL("./documents-thread.js", import.meta.url), { workerData: options });
  worker.unref(); // does not delay the end of the process
  const [built] = await once(worker, "message"); // rejects if the thread fails
  return built as Documents;
}
