import { AppError } from "../../errors.ts";
import { type IdOf, referencesOf, withIds } from "./bulk-references.ts";
import { isObject, type JsonObject } from "./json.ts";
import { attributeAt, type ResourceSchema } from "./schema.ts";

/**
 * Divides what is said of a new resource that stands in a circle: into what it is created with, and what has to wait
 * for resources that are created after it.
 * @param waitsFor the bulkIds of these
 * @throws AppError unresolved-reference when an attribute has to wait without which there is no resource
 */
export function divide(
  data: JsonObject,
  schema: ResourceSchema,
  waitsFor: ReadonlySet<string>,
  urn = "",
): { readonly now: JsonObject; readonly later: readonly Addition[] } {
  const waits = (value: unknown): boolean =>
    [...referencesOf({ method: "POST", data: { value } })].some((each) => waitsFor.has(each));
  const now: [string, unknown][] = [];
  const later: Addition[] = [];
  for (const [name, value] of Object.entries(data)) {
    const path = urn + name;
    const { extension, attribute, subAttribute } = attributeAt(schema, path) ?? {};
    if (!waits(value)) now.push([name, value]);
    else if (extension && !attribute && isObject(value)) {
      const within = divide(value, schema, waitsFor, `${extension.urn}:`);
      now.push([name, within.now]);
      later.push(...within.later);
    } else if (!attribute || subAttribute || attribute.mutability === "readOnly") {
      now.push([name, value]); // is refused or left out there, whatever it refers to
    } else if (attribute.required) {
      const why = `${attribute.name} refers to what is created after it.`;
      throw new AppError("unresolved-reference", why, { field: attribute.name });
    } else if (attribute.multiValued && Array.isArray(value)) {
      now.push([name, value.filter((each) => !waits(each))]);
      later.push({ path, value: value.filter(waits) });
    } else later.push({ path, value });
  }
  return { now: Object.fromEntries(now), later };
}

/** What is added to a resource once there are ids for all that it refers to. */
export interface Addition {
  readonly path: string;
  readonly value: unknown;
}

/** The additions with ids, as the operations of a PATCH. @throws what `idOf` throws */
export const additionsWithIds = (additions: readonly Addition[], idOf: IdOf): readonly JsonObject[] =>
  additions.map(({ path, value }) => ({ op: "add", path, value: withIds(value, idOf) }));
