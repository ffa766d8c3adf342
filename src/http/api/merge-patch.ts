import { z } from "zod";

/** JSON merge patch (RFC 7396): what the target is once the patch says of it what it says. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * What a merge patch of a body may say: any part of it, and null for what is to go. Whether the whole is right is for
 * the body's own schema to say, once it is merged.
 */
export function patchOf(shape: z.core.$ZodLooseShape, id: string): z.ZodType {
  return partsOf(shape).meta({ id });
}

function partOf(field: z.ZodType): z.ZodType {
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault) {
    const { description, readOnly } = field.meta() ?? {};
    const part = partOf(field.unwrap() as z.ZodType);
    return description === undefined ? part : part.meta({ description, ...(readOnly === true && { readOnly }) });
  }
  const said =
    field instanceof z.ZodObject ? partsOf(field.shape) : field instanceof z.ZodDiscriminatedUnion ? anyPart : field;
  return said.nullable().optional();
}

/** Nothing is filled in here: what is absent stays as it is. */
function partsOf(shape: z.core.$ZodLooseShape): z.ZodObject {
  return z.looseObject(
    Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, partOf(field as z.ZodType)])),
  );
}

/** Which of several shapes a part belongs to is only known once it is merged. */
const anyPart = z.looseObject({});
