import { parentPort } from "node:worker_threads";
import { buildOpenApiDocument } from "./document.ts";
import type { Documents } from "./documents.ts";
import { renderReferencePage } from "./reference-page.ts";
import { toYaml } from "./yaml.ts";

/** The thread that builds the documents. It sends them once, and ends. */
if (parentPort) {
  const document = buildOpenApiDocument();
  parentPort.postMessage({
    yaml: toYaml(document),
    json: JSON.stringify(document),
    referencePage: renderReferencePage(document),
  } satisfies Documents);
}
