import { type DocumentView, documentViews } from "./documented-operation.ts";
import { type Html, html, renderInlineMarkup } from "./html.ts";
import { type DocumentedSchema, renderDescription, renderSchemaSections, renderType } from "./page-schema.ts";
import type { OpenApiObject } from "./schemas.ts";

/** The parts of the document that the page shows. */
interface OpenApiDocument {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: Readonly<
    Record<"schemas" | "parameters" | "responses" | "headers", Readonly<Record<string, OpenApiObject>>>
  >;
}

interface OperationObject {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly "x-required-scopes"?: readonly string[];
  readonly parameters?: readonly OpenApiObject[];
  readonly requestBody?: Pick<ResponseObject, "content">;
  readonly responses: Readonly<Record<string, OpenApiObject>>;
}

interface ResponseObject {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: DocumentedSchema }>>;
}

interface ParameterObject {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: DocumentedSchema;
}

/** Where the documents are served, by view. */
export const documentPaths: Readonly<
  Record<DocumentView, { readonly name: string; readonly page: string; readonly label: string }>
> = {
  organization: { name: "openapi", page: "reference", label: "Organization's view, SCIM and OAuth" },
  user: { name: "openapi-user", page: "reference-user", label: "User's view" },
};

/** Renders the OpenAPI document of a view as an HTML page without scripts. */
export function renderReferencePage(source: OpenApiObject, view: DocumentView): string {
  const document = source as unknown as OpenApiDocument;
  const { name } = documentPaths[view];
  const otherViews = documentViews.filter((each) => each !== view);
  const { info, tags, components } = document;
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = tags.map((tag) => ({
    ...tag,
    id: `tag-${tag.name.toLowerCase().replaceAll(/\W+/g, "-")}`,
    tagOperations: operations.filter(({ operation }) => operation.tags.includes(tag.name)),
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
<p>${documentPaths[view].label}. ${otherViews.map((other) => html`See also: <a href="${documentPaths[other].page}">${documentPaths[other].label}</a>.`)}</p>
<p>Download the OpenAPI document: <a href="${name}.yaml">${name}.yaml</a>, <a href="${name}.json">${name}.json</a>.</p>
</header>
<nav aria-label="Contents">
<ul>${sections.map(
    ({ name, id, tagOperations }) => html`
<li><a href="#${id}">${name}</a>
<ul>${tagOperations.map(({ method, path, operation }) => html`<li><a href="#${operation.operationId}">${method} ${path}</a></li>`)}</ul></li>`,
  )}
<li><a href="#schemas">Schemas</a></li>
</ul>
</nav>
<main>
${info.description.split(/\n{2,}/).map(renderParagraph)}
${sections.map(
  ({ name, description, id, tagOperations }) => html`
<section id="${id}">
<h2>${name}</h2>
${description !== undefined && renderParagraph(description)}
${tagOperations.map(({ path, method, operation }) => renderOperation(path, method, operation, components))}
</section>`,
)}
<section id="schemas">
<h2>Schemas</h2>
${renderSchemaSections(components.schemas)}
</section>
</main>
</body>
</html>
`.text;
}

function renderOperation(
  path: string,
  method: string,
  operation: OperationObject,
  components: OpenApiDocument["components"],
): Html {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  return html`
<article id="${operationId}">
<h3>${renderInlineMarkup(summary)}</h3>
<p><code>${method} ${path}</code></p>
${description !== undefined && renderParagraph(description)}
${renderScopes(operation)}
${parameters.length > 0 && renderParameterTable(parameters.map((each) => resolveReference(each, components) as unknown as ParameterObject))}
${requestBody && html`<p>Body: ${renderContent(requestBody)}</p>`}
${renderResponseTable(Object.entries(responses).map(([status, each]) => [status, resolveReference(each, components) as unknown as ResponseObject]))}
</article>`;
}

/** Resolves a reference into `components`. */
function resolveReference(object: OpenApiObject, components: OpenApiDocument["components"]): OpenApiObject {
  const { $ref } = object;
  if (typeof $ref !== "string") return object;
  const [section, name] = $ref.split("/").slice(-2);
  const component = components[section as keyof OpenApiDocument["components"]][name ?? ""];
  if (!component) throw new Error(`${$ref} is not in the document`);
  return component;
}

function renderScopes({ "x-required-scopes": scopes }: OperationObject): Html {
  if (!scopes)
    return html`
<p>No credential required.</p>`;
  return html`
<p>Required scope: ${scopes.length === 0 ? "any valid token" : scopes.map((scope, index) => [index > 0 && " or ", html`<code>${scope}</code>`])}</p>`;
}

const renderParameterTable = (parameters: readonly ParameterObject[]): Html => html`
<table>
<thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Type</th><th scope="col">Required</th><th scope="col">Description</th></tr></thead>
<tbody>${parameters.map(
  ({ name, in: location, required, description, schema }) => html`
<tr><th scope="row"><code>${name}</code></th><td>${location}</td><td>${renderType(schema)}</td><td>${required ? "yes" : "no"}</td>
<td>${renderDescription({ ...schema, ...(description !== undefined && { description }) })}</td></tr>`,
)}
</tbody>
</table>`;

const renderResponseTable = (responses: readonly (readonly [string, ResponseObject])[]): Html => html`
<table>
<thead><tr><th scope="col">Status</th><th scope="col">Description</th><th scope="col">Headers</th><th scope="col">Body</th></tr></thead>
<tbody>${responses.map(
  ([status, response]) => html`
<tr><th scope="row">${status}</th><td>${renderInlineMarkup(response.description)}</td><td>${Object.keys(response.headers ?? {}).join(", ")}</td>
<td>${renderContent(response)}</td></tr>`,
)}
</tbody>
</table>`;

/** Renders the schema of a body, which is the same for all of its media types. */
function renderContent({ content = {} }: Pick<ResponseObject, "content">): Html | undefined {
  const [first] = Object.values(content);
  return first && html`${renderType(first.schema)} as <code>${Object.keys(content).join(", ")}</code>`;
}

const renderParagraph = (text: string): Html => html`<p>${renderInlineMarkup(text)}</p>`;
