import { AppError } from "../../../errors.ts";
import { type ResourceSchema, resolveAttributePath } from "../../../scim/schema/resource-schema.ts";
import { isObject, type JsonObject } from "../../../scim/values/json.ts";
import { findReferencedBulkIds, type IdResolver, resolveReferences } from "./references.ts";

/**
 * Splits the data of a new resource with circular references into the part that it is created with, and the part that
 * refers to resources created later.
 * @param pendingBulkIds the bulkIds of the resources created later
 * @throws AppError unresolved-reference if a required attribute refers to one of them
 */
export function splitDeferred(
  data: JsonObject,
  schema: ResourceSchema,
  pendingBulkIds: ReadonlySet<string>,
  pathPrefix = "",
): { readonly immediate: JsonObject; readonly deferred: readonly DeferredAddition[] } {
  const isDeferred = (value: unknown): boolean =>
    [...findReferencedBulkIds({ method: "POST", data: { value } })].some((each) => pendingBulkIds.has(each));
  const immediate: [string, unknown][] = [];
  const deferred: DeferredAddition[] = [];
  for (const [name, value] of Object.entries(data)) {
    const path = pathPrefix + name;
    const { extension, attribute, subAttribute } = resolveAttributePath(schema, path) ?? {};
    if (!isDeferred(value)) immediate.push([name, value]);
    else if (extension && !attribute && isObject(value)) {
      const extensionSplit = splitDeferred(value, schema, pendingBulkIds, `${extension.urn}:`);
      immediate.push([name, extensionSplit.immediate]);
      deferred.push(...extensionSplit.deferred);
    } else if (!attribute || subAttribute || attribute.mutability === "readOnly") {
      immediate.push([name, value]); // the endpoint rejects or ignores it
    } else if (attribute.required) {
      const detail = `${attribute.name} refers to a resource that is created later.`;
      throw new AppError("unresolved-reference", detail, { field: attribute.name });
    } else if (attribute.multiValued && Array.isArray(value)) {
      immediate.push([name, value.filter((each) => !isDeferred(each))]);
      deferred.push({ path, value: value.filter(isDeferred) });
    } else deferred.push({ path, value });
  }
  return { immediate: Object.fromEntries(immediate), deferred };
}

/** A value to add to a resource once all resources that it refers to have ids. */
export interface DeferredAddition {
  readonly path: string;
  readonly value: unknown;
}

/**
 * Converts the additions to operations of a PATCH, with ids in place of references.
 * @throws the errors of `resolveId`
 */
export const toAddOperations = (additions: readonly DeferredAddition[], resolveId: IdResolver): readonly JsonObject[] =>
  additions.map(({ path, value }) => ({ op: "add", path, value: resolveReferences(value, resolveId) }));
