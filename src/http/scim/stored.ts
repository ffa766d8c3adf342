import { fold } from "../../domain/fold.ts";
import { isFolded } from "./comparison.ts";
import type { AttributeReference } from "./schema.ts";
import type { Attribute } from "./scimmy.ts";

/** Where the store keeps the value of an attribute, for conditions and orders. */
export interface StoredAttribute {
  /** A path of the record: of the value, or of the list when the attribute is multi-valued. */
  readonly path: string;
  /** The field of each element of that list. */
  readonly elementPath?: string;
  /** What the value is compared as: a complex attribute stands for its `value` (RFC 7644 section 3.4.2.2). */
  readonly attribute: Attribute;
}

/** @returns undefined for what is not stored by itself, is secret, or has no one value */
export function storedPath(reference: AttributeReference): StoredAttribute | undefined {
  const { extension, attribute } = reference;
  if (!attribute || !mayBeAsked(attribute)) return undefined;
  const compared = reference.subAttribute ?? (attribute.type === "complex" ? defaultOf(attribute) : attribute);
  if (!compared || !mayBeAsked(compared)) return undefined;
  if (!extension) {
    const path = keptBesides.get(nameOf(reference));
    if (path !== undefined) return { path, attribute: compared };
    if (notKept.has(attribute.name)) return undefined;
  }
  if (attribute.multiValued) {
    if (compared === attribute) return undefined;
    return { path: pathOf(reference, twin), elementPath: compared.name, attribute: compared };
  }
  const within = compared === attribute ? [] : [compared.name];
  return { path: pathOf(reference, isFolded(compared) ? twin : [], within), attribute: compared };
}

/** Where a complex attribute, or a list, is stored as a whole, to be asked only whether it is there. */
export function storedWhole(reference: AttributeReference): string | undefined {
  const { extension, attribute } = reference;
  if (attribute?.type !== "complex" || !mayBeAsked(attribute)) return undefined;
  return !extension && notKept.has(attribute.name) ? undefined : pathOf(reference, twin);
}

/** What a record that was read has at a stored path of one value; null for nothing. Its twin, not read, is made anew. */
export function storedValue(record: Readonly<Record<string, unknown>>, path: string): string | number | boolean | null {
  const [first, ...rest] = path.split(".");
  const isInTwin = first === twin[0];
  const value = (isInTwin ? rest : path.split(".")).reduce<unknown>(
    (inner, key) => (inner as Record<string, unknown> | undefined)?.[key],
    record,
  );
  if (typeof value === "string") return isInTwin ? fold(value) : value;
  return typeof value === "number" || typeof value === "boolean" ? value : null;
}

/** The twin holds texts in the form in which they are compared without regard to case, and lists with all they have. */
const twin = ["folded"];

/** What every stored thing has, under other names. */
const keptBesides: ReadonlyMap<string, string> = new Map([
  ["id", "id"],
  ["meta.created", "createdAt"],
  ["meta.lastModified", "updatedAt"],
]);

/** What is made for the answer; memberships are edges. */
const notKept: ReadonlySet<string> = new Set(["schemas", "meta", "groups", "members"]);

function mayBeAsked({ name, type, mutability, returned }: Attribute): boolean {
  return mutability !== "writeOnly" && returned !== "never" && type !== "binary" && name !== "$ref";
}

const defaultOf = (attribute: Attribute): Attribute | undefined => attribute.subAttributes.get("value");

function nameOf({ attribute, subAttribute }: AttributeReference): string {
  return [attribute?.name, subAttribute?.name].filter((name) => name !== undefined).join(".");
}

function pathOf(
  { extension, attribute }: AttributeReference,
  before: readonly string[],
  within: readonly string[] = [],
): string {
  return [...before, extension?.key, attribute?.name, ...within].filter((name) => name !== undefined).join(".");
}
