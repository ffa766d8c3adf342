import { z } from "zod";

/** An object of the document, as OpenAPI 3.1 has it. */
export type Part = Readonly<Record<string, unknown>>;
/** One that is a schema: JSON Schema (draft 2020-12). */
export type SchemaObject = Part;

type Direction = "input" | "output";
type Definitions = ReadonlyMap<string, SchemaObject>;

/**
 * The schemas of the document. What is named (`.meta({ id })`) is printed once, below components, and referred to
 * everywhere else. A part of answers that is sent in another form (a default need not be sent) has two names then:
 * `Tool` and `ToolInput`.
 */
export class Schemas {
  readonly #defined: Readonly<Record<Direction, Definitions>>;

  /** All that the document speaks of: what is sent, and what is answered. */
  constructor(sent: readonly z.ZodType[], answered: readonly z.ZodType[]) {
    this.#defined = { input: definitionsOf(sent, "input"), output: definitionsOf(answered, "output") };
  }

  /** As it is sent. */
  sent(schema: z.ZodType): SchemaObject {
    return this.#linked(print(schema, "input").own, "input");
  }

  /** As it is answered. */
  answered(schema: z.ZodType): SchemaObject {
    return this.#linked(print(schema, "output").own, "output");
  }

  /** Every named schema, in the order of the names. */
  components(): Readonly<Record<string, SchemaObject>> {
    const all = (["output", "input"] as const).flatMap((direction) =>
      [...this.#defined[direction]].map(
        ([id, schema]) => [this.#nameOf(id, direction), this.#linked(schema, direction)] as const,
      ),
    );
    return Object.fromEntries(all.sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  #linked(schema: SchemaObject, direction: Direction): SchemaObject {
    return mapReferences(schema, (id) => `#/components/schemas/${this.#nameOf(id, direction)}`) as SchemaObject;
  }

  #nameOf(id: string, direction: Direction): string {
    const { input, output } = this.#defined;
    if (direction === "output" || !output.has(id)) return id;
    return wholeOf(id, input) === wholeOf(id, output) ? id : `${id}Input`;
  }
}

function definitionsOf(schemas: readonly z.ZodType[], direction: Direction): Definitions {
  return new Map(schemas.flatMap((schema) => [...print(schema, direction).definitions]));
}

const localReference = "#/$defs/";

/** A schema, and the named ones in it; those refer to each other by `#/$defs/`. */
function print(
  schema: z.ZodType,
  direction: Direction,
): { readonly own: SchemaObject; readonly definitions: Definitions } {
  const {
    $schema: _,
    $defs = {},
    ...own
  } = z.toJSONSchema(schema, {
    io: direction,
    override: ({ jsonSchema }) => tidy(jsonSchema, direction),
  }) as Readonly<Record<string, unknown>> & { readonly $defs?: Readonly<Record<string, SchemaObject>> };
  const definitions = Object.entries($defs).map(([id, { id: _id, ...rest }]) => [id, rest] as const);
  return { own, definitions: new Map(definitions) };
}

/** Leaves out what says nothing to a reader or a generator, and lets answers gain fields. */
function tidy(schema: z.core.JSONSchema.BaseSchema, direction: Direction): void {
  if (schema.format === "date-time") delete schema.pattern;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  delete schema.propertyNames;
  const { properties, additionalProperties } = schema;
  if (properties && typeof additionalProperties === "object" && Object.keys(additionalProperties).length === 0) {
    delete schema.additionalProperties; // of a merge patch, which is strict once it is merged
  }
  if (direction === "input") return;
  delete schema.default;
  if (additionalProperties === false) delete schema.additionalProperties;
}

function mapReferences(value: unknown, map: (id: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => mapReferences(each, map));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) =>
      key === "$ref" && typeof each === "string" && each.startsWith(localReference)
        ? [key, map(each.slice(localReference.length))]
        : [key, mapReferences(each, map)],
    ),
  );
}

/** A named schema with everything that it refers to, as a text to compare. */
function wholeOf(id: string, among: Definitions, seen = new Set<string>()): string {
  if (seen.has(id)) return id;
  seen.add(id);
  const parts: string[] = [];
  mapReferences(among.get(id), (part) => {
    parts.push(wholeOf(part, among, seen));
    return part;
  });
  return JSON.stringify([among.get(id), parts]);
}
