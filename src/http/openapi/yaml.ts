import { stringify } from "yaml";
import type { Part } from "./schemas.ts";

/** The document as YAML. */
export function yamlOf(document: Part): string {
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 0, blockQuote: "literal", compat: "yaml-1.1" });
}
