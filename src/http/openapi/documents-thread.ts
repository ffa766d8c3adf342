import { parentPort, workerData } from "node:worker_threads";
import { buildOpenApiDocument } from "./document.ts";
import { type DocumentView, documentViews } from "./documented-operation.ts";
import type { DocumentForms, Documents } from "./documents.ts";
import { renderReferencePage } from "./reference-page.ts";
import { toYaml } from "./yaml.ts";

/** The thread that builds the documents. It sends them once, and ends. */
if (parentPort) {
  const build = (view: DocumentView): DocumentForms => {
    const document = buildOpenApiDocument(view, workerData);
    return {
      yaml: toYaml(document),
      json: JSON.stringify(document),
      referencePage: renderReferencePage(document, view),
    };
  };
  parentPort.postMessage(Object.fromEntries(documentViews.map((view) => [view, build(view)])) as Documents);
}
