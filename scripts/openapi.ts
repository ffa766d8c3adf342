import { openApiDocument } from "../src/http/openapi/document.ts";
import { yamlOf } from "../src/http/openapi/yaml.ts";

/** `npm run openapi` writes this to openapi.yaml. */
process.stdout.write(yamlOf(openApiDocument()));
