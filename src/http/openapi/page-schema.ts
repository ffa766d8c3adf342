import { type Html, html, renderInlineMarkup } from "./html.ts";
import type { OpenApiObject } from "./schemas.ts";

/** The parts of a schema that the page shows. */
export interface DocumentedSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly DocumentedSchema[];
  readonly oneOf?: readonly DocumentedSchema[];
  readonly items?: DocumentedSchema;
  readonly properties?: Readonly<Record<string, DocumentedSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: DocumentedSchema | boolean;
  readonly description?: string;
  readonly default?: unknown;
  readonly readOnly?: boolean;
  readonly writeOnly?: boolean;
  readonly examples?: readonly unknown[];
  readonly [constraint: string]: unknown;
}

/** Renders the type of a schema in one line. A named schema becomes a link. */
export function renderType(schema: DocumentedSchema): Html {
  const { $ref, type, format, anyOf, oneOf, items, properties, additionalProperties } = schema;
  if ($ref !== undefined) return renderSchemaLink($ref.split("/").at(-1) ?? "");
  if ("const" in schema) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum) return joinWithOr(schema.enum.map((each) => html`<code>${JSON.stringify(each)}</code>`));
  const alternatives = anyOf ?? oneOf;
  if (alternatives) return joinWithOr(alternatives.map(renderType));
  const orNull = type?.includes("null") && " or null";
  if (items) return html`array of ${renderType(items)}${orNull}`;
  if (properties) return html`object${orNull}`;
  if (typeof additionalProperties === "object") return html`object with any fields${orNull}`;
  return html`${[type ?? "anything"].flat().join(" or ")}${format !== undefined && ` (${format})`}`;
}

export const renderSchemaLink = (name: string): Html => html`<a href="#schema-${name}">${name}</a>`;

const joinWithOr = (types: readonly Html[]): Html => html`${types.map((type, index) => [index > 0 && " or ", type])}`;

/** Renders the constraints of a schema, its default and its access. */
export function renderConstraints(schema: DocumentedSchema): readonly Html[] {
  const constraints = Object.entries(constraintLabels).flatMap(([name, label]) =>
    schema[name] === undefined ? [] : [html`${label} <code>${String(schema[name])}</code>`],
  );
  const defaults = "default" in schema ? [html`default: <code>${JSON.stringify(schema.default)}</code>`] : [];
  const { readOnly, writeOnly } = schema;
  return [
    ...constraints,
    ...defaults,
    ...(readOnly ? [html`read only`] : []),
    ...(writeOnly ? [html`write only`] : []),
  ];
}

const constraintLabels = {
  minLength: "minimum length:",
  maxLength: "maximum length:",
  minimum: "minimum:",
  maximum: "maximum:",
  minItems: "minimum number of items:",
  maxItems: "maximum number of items:",
  uniqueItems: "unique items:",
  pattern: "pattern:",
} as const;

/** Renders one table row for each field of an object. Fields of nested objects follow, named by their path. */
export function renderFieldRows({ properties = {}, required = [] }: DocumentedSchema, prefix = ""): readonly Html[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = prefix + name;
    const nested = field.properties ? field : field.items?.properties ? field.items : undefined;
    const row = html`
<tr><th scope="row"><code>${path}</code></th><td>${renderType(field)}</td><td>${required.includes(name) ? "yes" : "no"}</td>
<td>${renderDescription(field)}</td></tr>`;
    return [row, ...(nested ? renderFieldRows(nested, `${path}${field.items ? "[]" : ""}.`) : [])];
  });
}

/** Renders the description and the constraints of a field. */
export function renderDescription(schema: DocumentedSchema): Html {
  const parts = [
    ...(schema.description === undefined ? [] : [renderInlineMarkup(schema.description)]),
    ...renderConstraints(schema),
  ];
  return html`${parts.map((part, index) => [index > 0 && "; ", part])}`;
}

/** Renders the named schemas, each with its fields (or its type, if it has none) and an example. */
export function renderSchemaSections(schemas: Readonly<Record<string, OpenApiObject>>): readonly Html[] {
  return Object.entries(schemas).map(([name, definition]) => {
    const schema: DocumentedSchema = definition;
    const [example] = schema.examples ?? [];
    return html`
<article id="schema-${name}">
<h3>${name}</h3>
${listAlternatives(schema).map((shape) => (shape.properties ? renderFieldTable(renderFieldRows(shape)) : html`<p>${renderType(shape)}</p>`))}
${example !== undefined && html`<details><summary>Example</summary><pre>${JSON.stringify(example, null, 2)}</pre></details>`}
</article>`;
  });
}

/** A union is shown as all of its alternatives. */
const listAlternatives = (schema: DocumentedSchema): readonly DocumentedSchema[] =>
  schema.oneOf ?? schema.anyOf ?? [schema];

const renderFieldTable = (rows: readonly Html[]): Html => html`
<table>
<thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">Required</th><th scope="col">Description</th></tr></thead>
<tbody>${rows}
</tbody>
</table>`;
