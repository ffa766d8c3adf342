import { stringify } from "yaml";
import type { OpenApiObject } from "./schemas.ts";

/** Serializes the document as YAML. */
export function toYaml(document: OpenApiObject): string {
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 0, blockQuote: "literal", compat: "yaml-1.1" });
}
