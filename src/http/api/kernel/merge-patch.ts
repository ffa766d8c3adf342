import { z } from "zod";

/** Applies a JSON merge patch (RFC 7396) and returns the result. The target is not changed. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = applyMergePatch(merged[name], value);
  }
  return merged;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The schema of a merge patch: every field is optional and nullable. The merged result is validated by the schema of the
 * resource itself.
 * @param id the name of the schema in the OpenAPI document
 */
export function toMergePatchSchema(shape: z.core.$ZodLooseShape, id: string): z.ZodType {
  return toPartialObject(shape).meta({ id });
}

function toPartialField(field: z.ZodType): z.ZodType {
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault) {
    const { description, readOnly } = field.meta() ?? {};
    const partial = toPartialField(field.unwrap() as z.ZodType);
    return description === undefined ? partial : partial.meta({ description, ...(readOnly === true && { readOnly }) });
  }
  if (field instanceof z.ZodRecord) return toPartialMap(field).nullable().optional();
  const schema =
    field instanceof z.ZodObject
      ? toPartialObject(field.shape)
      : field instanceof z.ZodDiscriminatedUnion
        ? anyObject
        : field;
  return schema.nullable().optional();
}

/** Fields get no defaults, because an absent field stays unchanged. */
function toPartialObject(shape: z.core.$ZodLooseShape): z.ZodObject {
  return z.looseObject(
    Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, toPartialField(field as z.ZodType)])),
  );
}

/** The values of a map can be null too, which removes their keys. */
function toPartialMap(map: z.ZodRecord): z.ZodType {
  const { valueType } = map as unknown as { readonly valueType: z.ZodType };
  const value = valueType instanceof z.ZodNullable ? valueType : valueType.nullable();
  const { description } = map.meta() ?? {};
  const partial = z.record(z.string(), value);
  return description === undefined ? partial : partial.describe(description);
}

/** Stands in for a discriminated union: only the merged result determines which alternative applies. */
const anyObject = z.looseObject({});
