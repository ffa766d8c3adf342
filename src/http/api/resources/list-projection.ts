import { z } from "zod";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import { type CursorPageRequest, type ListQuerySchema, toListQuerySchema } from "../kernel/lists.ts";
import type { ResourceDescriptor } from "./catalog-descriptor.ts";

/** What a list of one catalog resource shows of each item. */
interface ListProjection {
  readonly querySchema: ListQuerySchema;
  /** Returns the schema of one item of the list. @param id the name of the schema in the OpenAPI document */
  toItemSchema(responseSchema: z.ZodObject, id: string): z.ZodObject;
  /** Removes the fields that the query does not include. */
  project(item: object, query: CursorPageRequest): object;
}

/**
 * Lists leave out the large fields of a resource, unless the parameter `include` names them. The operation that returns one
 * resource always has all fields.
 */
export function toListProjection<T extends CatalogResource>({
  filters,
  includableFields,
}: ResourceDescriptor<T>): ListProjection {
  const querySchema = toListQuerySchema(filters);
  if (!includableFields) return { querySchema, toItemSchema: (schema) => schema, project: (item) => item };
  const names = new Set<string>(includableFields);
  const include = z
    .string()
    .refine((value) => value.split(",").every((name) => names.has(name)), `must be a list of ${[...names].join(", ")}`)
    .optional()
    .describe(
      `Fields that the list leaves out unless they are named here, separated by commas: ${[...names].join(", ")}.`,
    );
  const toOptional = ({ shape }: z.ZodObject): z.ZodRawShape =>
    Object.fromEntries(includableFields.map((name) => [name, (shape[name] as z.ZodType).optional()]));
  return {
    querySchema: querySchema.extend({ include }) as unknown as ListQuerySchema,
    toItemSchema: (schema, id) => schema.extend(toOptional(schema)).meta({ id }),
    project: (item, query) => {
      const { include: value } = query as { readonly include?: string };
      const included = new Set(value?.split(","));
      return Object.fromEntries(Object.entries(item).filter(([name]) => !names.has(name) || included.has(name)));
    },
  };
}
