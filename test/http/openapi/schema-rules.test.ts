import { expect } from "chai";
import { buildOpenApiDocument } from "../../../src/http/openapi/document.ts";
import { documentViews } from "../../../src/http/openapi/documented-operation.ts";

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  readonly discriminator?: { readonly propertyName: string; readonly mapping: Readonly<Record<string, string>> };
  readonly [keyword: string]: unknown;
}

interface DescribedOperation {
  readonly operationId: string;
  readonly description?: string;
  readonly parameters?: readonly { readonly $ref?: string; readonly description?: string }[];
  readonly responses: Readonly<Record<string, { readonly links?: Readonly<Record<string, DescribedLink>> }>>;
}

interface DescribedLink {
  readonly operationId: string;
  readonly parameters: object;
}

interface DescribedDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, Schema>>>>;
}

/** What generators append to the name of an operation, and to nothing else, in the names of the types that they derive. */
const derivedSuffixes = ["Response", "Responses", "Params", "Parameters", "Data", "Error", "Errors", "Body"];

/** Names of values of any type, which no schema can describe. */
const untypedProperties = ["LoggedRequest.body", "ScimPatchRequest.Operations.value"];

/** Lists all schemas of a document with their places. */
function listSchemas({ components, paths }: DescribedDocument): readonly (readonly [string, Schema])[] {
  const all: (readonly [string, Schema])[] = [];
  const visit = (value: unknown, place: string): void => {
    if (typeof value !== "object" || value === null) return;
    all.push([place, value as Schema]);
    for (const [key, each] of Object.entries(value)) {
      const isStructure = /^(properties|items|schema|schemas|content|examples)$/.test(key) || Array.isArray(value);
      if (key !== "examples") visit(each, isStructure ? place : `${place}.${key}`.replace(/^\./, ""));
    }
  };
  visit(components["schemas"], "");
  visit(paths, "paths");
  return all;
}

for (const view of documentViews) {
  describe(`Generated clients of the ${view}'s view can rely on that`, () => {
    const document = buildOpenApiDocument(view) as unknown as DescribedDocument;
    const schemas = listSchemas(document);
    const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
    const named = document.components["schemas"] ?? {};
    const resolve = ({ $ref }: Schema): Schema | undefined => named[$ref?.split("/").at(-1) ?? ""];
    const isOf = (schema: Schema, type: string): boolean => [schema.type].flat().includes(type);

    it("each property has a type", () => {
      const untyped = schemas.flatMap(([place, { properties = {} }]) =>
        Object.entries(properties).flatMap(([name, property]) =>
          ["$ref", "type", "anyOf", "oneOf", "const", "enum"].some((keyword) => keyword in property)
            ? []
            : [`${place}.${name}`],
        ),
      );
      expect(new Set(untyped)).to.deep.equal(new Set(untyped.filter((each) => untypedProperties.includes(each))));
      for (const [place, { items }] of schemas)
        expect(items === undefined || Object.keys(items).length > 0, place).to.equal(true);
    });

    it("a union of objects has names for its alternatives, and a discriminator", () => {
      let unions = 0;
      for (const [place, { oneOf, anyOf, discriminator }] of schemas) {
        const alternatives = (oneOf ?? anyOf ?? []).filter((each) => each.type !== "null");
        const objects = alternatives.filter((each) => isOf(resolve(each) ?? each, "object"));
        if (alternatives.length < 2 || objects.length === 0) continue;
        unions++;
        expect(
          alternatives.every(({ $ref }) => $ref),
          place,
        ).to.equal(true);
        const { propertyName = "", mapping = {} } = discriminator ?? {};
        expect(new Set(Object.values(mapping)), place).to.deep.equal(new Set(alternatives.map(({ $ref }) => $ref)));
        for (const alternative of alternatives)
          expect(resolve(alternative)?.properties, place).to.have.property(propertyName);
      }
      expect(unions).to.be.at.least(2);
    });

    it("a nullable value is no union with an anonymous alternative", () => {
      for (const [place, { anyOf = [] }] of schemas) {
        const alternatives = anyOf.filter((each) => each.type !== "null");
        if (alternatives.length < anyOf.length && alternatives.length === 1)
          expect(alternatives[0], place).to.have.property("$ref");
      }
    });

    it("no default is an object or belongs to a union, and nothing is defined by what it is not", () => {
      for (const [place, { default: value, anyOf, oneOf, not, type }] of schemas) {
        if (typeof type === "object" && !Array.isArray(type)) continue; // fields of an object, one of which is named type
        expect(not, place).to.equal(undefined);
        if (value === undefined) continue;
        expect(anyOf ?? oneOf, place).to.equal(undefined);
        expect(typeof value !== "object" || Array.isArray(value), place).to.equal(true);
      }
    });

    it("no component has the name of another one, or of a type that generators derive from an operation", () => {
      const names = Object.values(document.components).flatMap((section) => Object.keys(section));
      const derived = operations.flatMap(({ operationId }) => derivedSuffixes.map((suffix) => operationId + suffix));
      const normalized = [...names, ...derived].map((name) => name.replaceAll("-", "").toLowerCase());
      const isClash = (name: string, index: number): boolean => normalized.indexOf(name) !== index;
      expect(normalized.filter(isClash)).to.deep.equal([]);
    });

    it("each operation and each parameter has a description", () => {
      for (const { operationId, description, parameters = [] } of operations) {
        expect(description, operationId).to.be.a("string");
        for (const parameter of parameters)
          if (!parameter.$ref) expect(parameter.description, operationId).to.be.a("string");
      }
    });

    it("a created resource links to the operations on it", () => {
      const ids = new Set(operations.map(({ operationId }) => operationId));
      const links = operations.flatMap(({ responses }) => Object.values(responses["201"]?.links ?? {}));
      expect(links.length).to.be.at.least(10);
      for (const link of links) {
        expect(ids).to.include(link.operationId);
        expect(link.parameters).to.deep.equal({ id: "$response.body#/id" });
      }
    });

    it("headers that are too large have a declared response", () => {
      for (const { operationId, responses } of operations) expect(responses, operationId).to.have.property("431");
    });
  });
}

describe("The schemas of requests", () => {
  const { components } = buildOpenApiDocument("organization") as unknown as DescribedDocument;
  const propertyOf = (schema: string, property: string): Schema =>
    components["schemas"]?.[schema]?.properties?.[property] ?? {};

  it("state the rules of names, URLs and lists without duplicates", () => {
    expect(propertyOf("ToolkitInput", "name")).to.include({ minLength: 1, maxLength: 200, pattern: "\\S" });
    expect(propertyOf("ToolkitInput", "skills")).to.include({ uniqueItems: true, maxItems: 100 });
    expect(propertyOf("ToolkitPatch", "skills")).to.include({ uniqueItems: true });
    expect(propertyOf("WebhookInput", "url")["pattern"]).to.be.a("string");
  });
});
