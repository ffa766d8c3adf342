import { buildOpenApiDocument } from "../src/http/openapi/document.ts";
import { toYaml } from "../src/http/openapi/yaml.ts";

/** `npm run openapi` writes this to openapi.yaml. */
process.stdout.write(toYaml(buildOpenApiDocument()));
