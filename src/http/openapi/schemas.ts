import { z } from "zod";
import { simplifySchema } from "./simplify.ts";

/** An object of an OpenAPI 3.1 document. */
export type OpenApiObject = Readonly<Record<string, unknown>>;
/** A schema object: JSON Schema (draft 2020-12). */
export type SchemaObject = OpenApiObject;

type Direction = "input" | "output";
type Definitions = ReadonlyMap<string, SchemaObject>;

/**
 * The schemas of the document. A named schema (`.meta({ id })`) is defined once below `components` and referenced
 * everywhere else. A schema that differs between requests and responses (a field with a default is optional in requests)
 * gets two names: `ToolInput` and `Tool`.
 */
export class SchemaRegistry {
  readonly #definitions: Readonly<Record<Direction, Definitions>>;

  /**
   * @param sent all schemas of request bodies and parameters
   * @param responseSchemas all schemas of response bodies
   */
  constructor(sent: readonly z.ZodType[], responseSchemas: readonly z.ZodType[]) {
    this.#definitions = {
      input: collectDefinitions(sent, "input"),
      output: collectDefinitions(responseSchemas, "output"),
    };
  }

  /** The schema as clients send it. */
  sent(schema: z.ZodType): SchemaObject {
    return this.#toComponentRefs(toJsonSchema(schema, "input").root, "input");
  }

  /** The schema as the service returns it. */
  toResponseSchema(schema: z.ZodType): SchemaObject {
    return this.#toComponentRefs(toJsonSchema(schema, "output").root, "output");
  }

  /** All named schemas, sorted by name. */
  components(): Readonly<Record<string, SchemaObject>> {
    const all = (["output", "input"] as const).flatMap((direction) =>
      [...this.#definitions[direction]].map(
        ([id, schema]) => [this.#toComponentName(id, direction), this.#toComponentRefs(schema, direction)] as const,
      ),
    );
    return Object.fromEntries(all.sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  #toComponentRefs(schema: SchemaObject, direction: Direction): SchemaObject {
    const simplified = simplifySchema(schema, (ref) =>
      this.#definitions[direction].get(ref.slice(localRefPrefix.length)),
    );
    return mapReferences(
      simplified,
      (id) => `#/components/schemas/${this.#toComponentName(id, direction)}`,
    ) as SchemaObject;
  }

  #toComponentName(id: string, direction: Direction): string {
    const { input, output } = this.#definitions;
    if (direction === "output" || !output.has(id)) return id;
    return serializeWithReferences(id, input) === serializeWithReferences(id, output) ? id : `${id}Input`;
  }
}

function collectDefinitions(schemas: readonly z.ZodType[], direction: Direction): Definitions {
  return new Map(schemas.flatMap((schema) => [...toJsonSchema(schema, direction).definitions]));
}

const localRefPrefix = "#/$defs/";

/** Converts a schema, and the named schemas that it contains. Those reference each other by `#/$defs/`. */
function toJsonSchema(
  schema: z.ZodType,
  direction: Direction,
): { readonly root: SchemaObject; readonly definitions: Definitions } {
  const {
    $schema: _,
    $defs = {},
    ...root
  } = z.toJSONSchema(schema, {
    io: direction,
    override: ({ jsonSchema }) => pruneSchema(jsonSchema, direction),
  }) as Readonly<Record<string, unknown>> & { readonly $defs?: Readonly<Record<string, SchemaObject>> };
  const definitions = Object.entries($defs).map(([id, { id: _id, ...rest }]) => [id, rest] as const);
  return { root, definitions: new Map(definitions) };
}

/** Removes redundant keywords, and allows additional fields in responses so that they can gain fields later. */
function pruneSchema(schema: z.core.JSONSchema.BaseSchema, direction: Direction): void {
  if (schema.format === "date-time") delete schema.pattern;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  delete schema.propertyNames;
  // The fields of an object have their own defaults, and generators cannot express the default of an object or a union.
  if (schema.anyOf || (typeof schema.default === "object" && !Array.isArray(schema.default))) delete schema.default;
  const { properties, additionalProperties } = schema;
  if (properties && typeof additionalProperties === "object" && Object.keys(additionalProperties).length === 0) {
    delete schema.additionalProperties; // a merge patch is validated strictly after it is merged
  }
  if (direction === "input") return;
  delete schema.default;
  if (additionalProperties === false) delete schema.additionalProperties;
}

function mapReferences(value: unknown, map: (id: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => mapReferences(each, map));
  // In `$ref`, and in the mapping of a discriminator.
  if (typeof value === "string" && value.startsWith(localRefPrefix)) return map(value.slice(localRefPrefix.length));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapReferences(each, map)]));
}

/** Serializes a named schema together with all that it references, for comparison. */
function serializeWithReferences(id: string, definitions: Definitions, seen = new Set<string>()): string {
  if (seen.has(id)) return id;
  seen.add(id);
  const parts: string[] = [];
  mapReferences(definitions.get(id), (part) => {
    parts.push(serializeWithReferences(part, definitions, seen));
    return part;
  });
  return JSON.stringify([definitions.get(id), parts]);
}
