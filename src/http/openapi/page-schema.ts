import { type Html, html, marked } from "../html.ts";
import type { Part } from "./schemas.ts";

/** A schema of the document, as far as the page shows it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly description?: string;
  readonly default?: unknown;
  readonly readOnly?: boolean;
  readonly writeOnly?: boolean;
  readonly examples?: readonly unknown[];
  readonly [constraint: string]: unknown;
}

/** What a value of a schema is, in a line; what has a name leads to it. */
export function kindOf(schema: Schema): Html {
  const { $ref, type, format, anyOf, oneOf, items, properties, additionalProperties } = schema;
  if ($ref !== undefined) return linkTo($ref.split("/").at(-1) ?? "");
  if ("const" in schema) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum) return joined(schema.enum.map((each) => html`<code>${JSON.stringify(each)}</code>`));
  const either = anyOf ?? oneOf;
  if (either) return joined(either.map(kindOf));
  if (items) return html`list of ${kindOf(items)}`;
  if (properties) return html`object`;
  if (typeof additionalProperties === "object") return html`object of any fields`;
  return html`${[type ?? "anything"].flat().join(" or ")}${format !== undefined && ` (${format})`}`;
}

export const linkTo = (name: string): Html => html`<a href="#schema-${name}">${name}</a>`;

const joined = (kinds: readonly Html[]): Html => html`${kinds.map((kind, at) => [at > 0 && " or ", kind])}`;

/** What else a schema demands. */
export function boundsOf(schema: Schema): readonly Html[] {
  const bounds = Object.entries(words).flatMap(([name, word]) =>
    schema[name] === undefined ? [] : [html`${word} <code>${String(schema[name])}</code>`],
  );
  const filled = "default" in schema ? [html`by default <code>${JSON.stringify(schema.default)}</code>`] : [];
  const { readOnly, writeOnly } = schema;
  return [...bounds, ...filled, ...(readOnly ? [html`read only`] : []), ...(writeOnly ? [html`write only`] : [])];
}

const words = {
  minLength: "characters at least",
  maxLength: "characters at most",
  minimum: "at least",
  maximum: "at most",
  maxItems: "entries at most",
  pattern: "matches",
} as const;

/** The fields of an object, one row each; those of objects within it below their names. */
export function fieldsOf({ properties = {}, required = [] }: Schema, prefix = ""): readonly Html[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = prefix + name;
    const within = field.properties ? field : field.items?.properties ? field.items : undefined;
    const row = html`
<tr><th scope="row"><code>${path}</code></th><td>${kindOf(field)}</td><td>${required.includes(name) ? "yes" : "no"}</td>
<td>${meaningOf(field)}</td></tr>`;
    return [row, ...(within ? fieldsOf(within, `${path}${field.items ? "[]" : ""}.`) : [])];
  });
}

/** What a field means, and what it demands. */
export function meaningOf(schema: Schema): Html {
  const parts = [...(schema.description === undefined ? [] : [marked(schema.description)]), ...boundsOf(schema)];
  return html`${parts.map((part, at) => [at > 0 && "; ", part])}`;
}

/** The named schemas, each with its fields, its kind where it has none, and an example. */
export function schemaSections(schemas: Readonly<Record<string, Part>>): readonly Html[] {
  return Object.entries(schemas).map(([name, part]) => {
    const schema: Schema = part;
    const [example] = schema.examples ?? [];
    return html`
<article id="schema-${name}">
<h3>${name}</h3>
${shapesOf(schema).map((shape) => (shape.properties ? tableOf(fieldsOf(shape)) : html`<p>${kindOf(shape)}</p>`))}
${example !== undefined && html`<details><summary>Example</summary><pre>${JSON.stringify(example, null, 2)}</pre></details>`}
</article>`;
  });
}

/** A choice of objects is shown as all of them. */
const shapesOf = (schema: Schema): readonly Schema[] => schema.oneOf ?? schema.anyOf ?? [schema];

const tableOf = (rows: readonly Html[]): Html => html`
<table>
<thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">Required</th><th scope="col">Meaning</th></tr></thead>
<tbody>${rows}
</tbody>
</table>`;
