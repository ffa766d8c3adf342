import { stringify } from "yaml";
import { openApiDocument } from "../src/http/openapi.ts";

/** `npm run openapi` writes this to openapi.yaml. */
process.stdout.write(stringify(openApiDocument(), { aliasDuplicateObjects: false }));
