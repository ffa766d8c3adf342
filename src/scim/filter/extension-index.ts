import { extensionKeysPath, toExtensionKey } from "../../store/extension-fields.ts";
import type { Condition } from "../../store/query.ts";
import type { AttributeReference, Extension } from "../schema/resource-schema.ts";
import type { ValueTest } from "./comparison.ts";

/**
 * Returns the condition on an attribute that an organization declares in the form that the index of extension attributes
 * serves: `pr` of every attribute, `eq` and `sw` of an indexed one.
 * @param condition the condition on the values themselves
 * @returns `condition` where the index does not help
 */
export function narrowByIndex(
  { extension, attribute, subAttribute }: AttributeReference,
  test: ValueTest,
  condition: Condition,
): Condition {
  const declaration = extension?.declaration;
  const declared = declaration?.attributes.find(({ name }) => name === attribute?.name);
  if (!declaration || !declared) return condition;
  const { id } = declaration;
  // A key alone does not distinguish an empty string, which is not present (RFC 7644 section 3.4.2.2).
  if (test.op === "present") return { op: "and", all: [hasKey(toExtensionKey(id, declared.name)), condition] };
  if (!declared.indexed || subAttribute) return condition;
  if (test.op === "eq") return hasKey(toExtensionKey(id, declared.name, test.value));
  if (test.op !== "startsWith" || test.value === "") return condition;
  const value = toExtensionKey(id, declared.name, test.value);
  return { op: "some", path: extensionKeysPath, where: { op: "startsWith", path: "key", value } };
}

const hasKey = (value: string): Condition => ({
  op: "some",
  path: extensionKeysPath,
  where: { op: "eq", path: "key", value },
});

/** Returns the condition that a resource has an attribute of the extension. */
export function hasExtension({ key, declaration }: Extension): Condition {
  if (!declaration) return { op: "present", path: key };
  const values = declaration.attributes.map(({ name }) => toExtensionKey(declaration.id, name));
  return { op: "some", path: extensionKeysPath, where: { op: "in", path: "key", values } };
}
