import { type Html, html, marked } from "../html.ts";
import { kindOf, meaningOf, type Schema, schemaSections } from "./page-schema.ts";
import type { Part } from "./schemas.ts";

/** The document as the page reads it. */
interface Document {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<
    Record<"schemas" | "parameters" | "responses" | "headers", Readonly<Record<string, Part>>>
  >;
}

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly "x-required-scopes": Readonly<Record<string, readonly string[]>>;
  readonly parameters?: readonly Part[];
  readonly requestBody?: Pick<Response, "content">;
  readonly responses: Readonly<Record<string, Part>>;
}

interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

/** The reference page: the OpenAPI document for people to read, without scripts. */
export function referencePage(part: Part): string {
  const document = part as unknown as Document;
  const { info, tags, components } = document;
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = tags.map((tag) => ({
    ...tag,
    id: `tag-${tag.name.toLowerCase().replaceAll(/\W+/g, "-")}`,
    within: operations.filter(({ operation }) => operation.tags.includes(tag.name)),
  }));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} API reference</title>
<link rel="stylesheet" href="reference.css">
</head>
<body>
<header>
<h1>${info.title} API reference</h1>
<p>As a document for tools: <a href="openapi.yaml">openapi.yaml</a>, <a href="openapi.json">openapi.json</a>.</p>
</header>
<nav aria-label="Contents">
<ul>${sections.map(
    ({ name, id, within }) => html`
<li><a href="#${id}">${name}</a>
<ul>${within.map(({ method, path, operation }) => html`<li><a href="#${operation.operationId}">${method} ${path}</a></li>`)}</ul></li>`,
  )}
<li><a href="#schemas">Schemas</a></li>
</ul>
</nav>
<main>
${info.description.split(/\n{2,}/).map(paragraph)}
${sections.map(
  ({ name, description, id, within }) => html`
<section id="${id}">
<h2>${name}</h2>
${description !== undefined && paragraph(description)}
${within.map(({ path, method, operation }) => article(path, method, operation, components))}
</section>`,
)}
<section id="schemas">
<h2>Schemas</h2>
${schemaSections(components.schemas)}
</section>
</main>
</body>
</html>
`.text;
}

function article(path: string, method: string, operation: Operation, components: Document["components"]): Html {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  return html`
<article id="${operationId}">
<h3>${marked(summary)}</h3>
<p><code>${method} ${path}</code></p>
${description !== undefined && paragraph(description)}
${scopesOf(operation)}
${parameters.length > 0 && parameterTable(parameters.map((each) => resolved(each, components) as unknown as Parameter))}
${requestBody && html`<p>Body: ${contentOf(requestBody)}</p>`}
${responseTable(Object.entries(responses).map(([status, each]) => [status, resolved(each, components) as unknown as Response]))}
</article>`;
}

/** The part itself, where it is only referred to. */
function resolved(part: Part, components: Document["components"]): Part {
  const { $ref } = part;
  if (typeof $ref !== "string") return part;
  const [kind, name] = $ref.split("/").slice(-2);
  const found = components[kind as keyof Document["components"]][name ?? ""];
  if (!found) throw new Error(`${$ref} is not in the document`);
  return found;
}

function scopesOf({ "x-required-scopes": scopes }: Operation): Html {
  if (Object.keys(scopes).length === 0)
    return html`
<p>For everybody, without a credential.</p>`;
  return html`
<dl>${Object.entries(scopes).map(
    ([view, needed]) => html`
<dt>${views[view] ?? view}</dt>
<dd>${needed.length === 0 ? "any valid token" : needed.map((scope, at) => [at > 0 && " or ", html`<code>${scope}</code>`])}</dd>`,
  )}
</dl>`;
}

const views: Readonly<Record<string, string>> = {
  organization: "For the organization, with",
  user: "For a user, with",
};

const parameterTable = (parameters: readonly Parameter[]): Html => html`
<table>
<thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Type</th><th scope="col">Needed</th><th scope="col">Meaning</th></tr></thead>
<tbody>${parameters.map(
  ({ name, in: place, required, description, schema }) => html`
<tr><th scope="row"><code>${name}</code></th><td>${place}</td><td>${kindOf(schema)}</td><td>${required ? "yes" : "no"}</td>
<td>${meaningOf({ ...schema, ...(description !== undefined && { description }) })}</td></tr>`,
)}
</tbody>
</table>`;

const responseTable = (responses: readonly (readonly [string, Response])[]): Html => html`
<table>
<thead><tr><th scope="col">Answer</th><th scope="col">Meaning</th><th scope="col">Headers</th><th scope="col">Body</th></tr></thead>
<tbody>${responses.map(
  ([status, response]) => html`
<tr><th scope="row">${status}</th><td>${marked(response.description)}</td><td>${Object.keys(response.headers ?? {}).join(", ")}</td>
<td>${contentOf(response)}</td></tr>`,
)}
</tbody>
</table>`;

/** All media types of one body have the same schema. */
function contentOf({ content = {} }: Pick<Response, "content">): Html | undefined {
  const [first] = Object.values(content);
  return first && html`${kindOf(first.schema)} as <code>${Object.keys(content).join(", ")}</code>`;
}

const paragraph = (text: string): Html => html`<p>${marked(text)}</p>`;
