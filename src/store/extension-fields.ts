import type { ScimExtension, ScimExtensionAttribute } from "../../schemas/scim-extension.ts";
import { parseDateTime } from "./date-time.ts";
import { normalize } from "./normalize.ts";

/** Values of extension attributes as a user or group stores them: by id of the schema, then by name. */
export type ExtensionValues = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The path of the list of keys that the index of extension attributes holds. */
export const extensionKeysPath = "normalized.extensionKeys";

/**
 * Returns a key of the index of extension attributes. A user or group has one for each schema and each attribute that it
 * has values of, and one for each value of an indexed attribute. So one declared index serves all organizations.
 * @param id id of the extension schema
 * @param value in comparable form; a string, number or boolean
 */
export function toExtensionKey(id: string, attributeName?: string, value?: string | number | boolean): string {
  if (attributeName === undefined) return id;
  return value === undefined ? `${id}.${attributeName}` : `${id}.${attributeName}=${value}`;
}

/**
 * Returns the search fields of extension values: the values in comparable form under the same paths, and the index keys.
 * @param extensions the schemas; a value that none has declared gets only the keys of its schema and attribute
 */
export function toExtensionSearchFields(
  values: ExtensionValues,
  extensions: readonly ScimExtension[],
): { readonly scimExtensions: object; readonly extensionKeys: readonly { readonly key: string }[] } {
  const comparable: Record<string, Record<string, unknown>> = {};
  const keys = new Set<string>();
  for (const [id, attributes] of Object.entries(values)) {
    const { attributes: current = [], removedAttributes = [] } = extensions.find((each) => each.id === id) ?? {};
    const declared = [...current, ...removedAttributes]; // a removed attribute can return
    keys.add(toExtensionKey(id));
    for (const [name, value] of Object.entries(attributes)) {
      keys.add(toExtensionKey(id, name));
      const attribute = declared.find((each) => each.name === name);
      if (!attribute) continue;
      const comparableValue = toComparableValue(attribute, value);
      comparable[id] = { ...comparable[id], [name]: comparableValue };
      if (attribute.indexed) {
        for (const each of Array.isArray(comparableValue) ? comparableValue : [comparableValue])
          keys.add(toExtensionKey(id, name, each as string));
      }
    }
  }
  return { scimExtensions: comparable, extensionKeys: [...keys].map((key) => ({ key })) };
}

type ComparedAttribute = Pick<ScimExtensionAttribute, "type" | "caseExact" | "subAttributes">;

/** Converts a value to the form in which it is compared (RFC 7643 section 2.2): elements and sub-attributes too. */
function toComparableValue(attribute: ComparedAttribute, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => toComparableValue(attribute, each));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => {
        const subAttribute = attribute.subAttributes?.find((sub) => sub.name === name);
        return [name, subAttribute ? toComparableValue(subAttribute, each) : each];
      }),
    );
  }
  if (typeof value !== "string") return value;
  if (attribute.type === "dateTime") return parseDateTime(value)?.milliseconds ?? value;
  const isCaseInsensitive = !attribute.caseExact && (attribute.type === "string" || attribute.type === "reference");
  return isCaseInsensitive ? normalize(value) : value;
}
