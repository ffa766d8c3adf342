import { writeFile } from "node:fs/promises";
import { buildOpenApiDocument } from "../src/http/openapi/document.ts";
import { documentViews } from "../src/http/openapi/documented-operation.ts";
import { documentPaths } from "../src/http/openapi/reference-page.ts";
import { toYaml } from "../src/http/openapi/yaml.ts";

/** `npm run openapi` writes openapi.yaml and openapi-user.yaml. */
for (const view of documentViews) {
  await writeFile(`${documentPaths[view].name}.yaml`, toYaml(buildOpenApiDocument(view)));
}
