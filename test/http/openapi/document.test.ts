import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { expect } from "chai";
import { apiOperations } from "../../../src/http/api/operations.ts";
import { buildOpenApiDocument } from "../../../src/http/openapi/document.ts";
import {
  type DocumentedOperation,
  type DocumentView,
  documentViews,
} from "../../../src/http/openapi/documented-operation.ts";
import { examples } from "../../../src/http/openapi/examples.ts";
import { oauthOperations } from "../../../src/http/openapi/oauth-operations.ts";
import { errorCodesByStatus } from "../../../src/http/openapi/operation-errors.ts";
import { documentPaths } from "../../../src/http/openapi/reference-page.ts";
import { documentedScimOperations } from "../../../src/http/openapi/scim-operations.ts";
import { toYaml } from "../../../src/http/openapi/yaml.ts";
import { root } from "../../support/root.ts";

interface Described {
  readonly operationId: string;
  readonly "x-required-scopes"?: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly object[];
  readonly requestBody?: { readonly content: object };
  readonly responses: Readonly<
    Record<string, { readonly content?: object; readonly headers?: object; readonly links?: object }>
  >;
}

interface DescribedDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

const build = (view: DocumentView): DescribedDocument => buildOpenApiDocument(view) as unknown as DescribedDocument;
const document = build("organization");
const userDocument = build("user");
const listDescribed = ({ paths }: DescribedDocument): readonly Described[] =>
  Object.values(paths).flatMap((item) => Object.values(item));
const operationAt = ({ paths }: DescribedDocument, path: string, method: string): Described => {
  const operation = paths[path]?.[method];
  if (!operation) throw new Error(`${method} ${path} is not described`);
  return operation;
};
const at = (path: string, method: string): Described => operationAt(document, path, method);

const allOperations: readonly DocumentedOperation[] = [
  ...apiOperations,
  ...oauthOperations,
  ...documentedScimOperations,
];

async function problemsOf(source: string): Promise<readonly string[]> {
  const config = await createConfig({ extends: ["recommended"] });
  const problems = await lintFromString({ source, absoluteRef: "openapi.yaml", config });
  return problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`);
}

for (const view of documentViews) {
  describe(`The document of the ${view}'s view`, () => {
    const described = listDescribed(build(view));

    it("equals the committed document byte for byte", async () => {
      const committed = await readFile(join(root, `${documentPaths[view].name}.yaml`), "utf8");
      expect(committed === toYaml(buildOpenApiDocument(view)), "run npm run openapi").to.equal(true);
    });

    it("has no errors or warnings by Redocly's recommended rules", async () => {
      expect(await problemsOf(toYaml(buildOpenApiDocument(view)))).to.deep.equal([]);
    });

    it("has every operation with that view, and no other, with a unique operationId", () => {
      const expected = allOperations
        .filter((operation) => operation[view] ?? (view === "organization" && operation.anonymous))
        .map(({ operationId }) => operationId);
      expect(described.map(({ operationId }) => operationId)).to.have.members(expected);
    });

    it("declares the scopes and errors of every operation", () => {
      for (const { operationId, responses, security, "x-required-scopes": scopes } of described) {
        const isOpen = security?.length === 0;
        expect(scopes === undefined, operationId).to.equal(isOpen);
        expect(Object.keys(responses), operationId).to.include.members([
          ...["400", "429", "503"],
          ...(isOpen ? [] : ["401"]),
        ]);
        const operation = allOperations.find((each) => each.operationId === operationId);
        if (!operation) throw new Error(`${operationId} is not in the code`);
        const statuses = [...errorCodesByStatus(operation).keys()].map(String);
        expect(Object.keys(responses), operationId).to.include.members(statuses);
      }
    });

    it("has no empty description", () => {
      const empty: string[] = [];
      const visit = (value: unknown, path: string): void => {
        if (typeof value !== "object" || value === null) return;
        for (const [key, each] of Object.entries(value)) {
          if (key === "description" && each === "") empty.push(path);
          visit(each, `${path}/${key}`);
        }
      };
      visit(build(view), "");
      expect(empty).to.deep.equal([]);
    });
  });
}

describe("The OpenAPI documents", () => {
  it("would fail their lint test if they violated its rules", async () => {
    const broken = toYaml({
      ...buildOpenApiDocument("organization"),
      info: { title: "x" },
      tags: [{ name: "Caller" }],
    });
    const rules = (await problemsOf(broken)).map((problem) => problem.split(" ")[0]);
    expect(rules).to.include.members(["struct", "info-license", "tag-description"]);
  });

  it("contain every operation of the code, each with a name of its own", () => {
    const names = allOperations.map(({ operationId }) => operationId);
    expect(new Set(names).size).to.equal(names.length);
    const described = [...listDescribed(document), ...listDescribed(userDocument)];
    expect(new Set(described.map(({ operationId }) => operationId))).to.deep.equal(new Set(names));
    for (const name of names) expect(name).to.match(/^[a-z][A-Za-z]+$/);
  });

  it("describe one URL in each view with the scopes and the body of that view", () => {
    const refTo = (name: string) => ({ "application/json": { schema: { $ref: `#/components/schemas/${name}` } } });
    const get = at("/api/mcp-servers/{id}", "get");
    expect(get["x-required-scopes"]).to.deep.equal(["admin:read"]);
    expect(get.responses["200"]?.content).to.deep.equal(refTo("McpServer"));
    const userGet = operationAt(userDocument, "/api/mcp-servers/{id}", "get");
    expect(userGet["x-required-scopes"]).to.deep.equal(["connect:read"]);
    expect(userGet.responses["200"]?.content).to.deep.equal(refTo("UserMcpServer"));
  });

  it("name the header of the acting user in the user's view only", () => {
    expect(document.components["parameters"]).to.not.have.property("UserEmail");
    expect(document.components["schemas"]).to.not.have.property("UserMcpServer");
    const reference = { $ref: "#/components/parameters/UserEmail" };
    for (const [path, item] of Object.entries(userDocument.paths)) {
      if (!path.startsWith("/api/")) continue;
      for (const { parameters } of Object.values(item)) expect(parameters, path).to.deep.include(reference);
    }
  });

  it("declares entity tags, preconditions, 304 and 412", () => {
    const get = at("/api/mcp-servers/{id}", "get");
    expect(get.responses["200"]?.headers).to.have.property("ETag");
    expect(get.responses).to.include.keys("304", "404");
    expect(get.responses).to.not.have.property("412");
    const put = at("/api/mcp-servers/{id}", "put");
    expect(put.parameters).to.deep.include({ $ref: "#/components/parameters/IfMatch" });
    expect(put.responses).to.include.keys("200", "201", "409", "412", "413", "415");
    expect(put.responses["201"]?.headers).to.include.keys("ETag", "Location");
  });

  it("declares preconditions only where they have an effect", () => {
    const conditionsAt = (path: string, method: string): number =>
      (at(path, method).parameters ?? []).filter((each) => /IfMatch|IfNoneMatch/.test(JSON.stringify(each))).length;
    expect(conditionsAt("/api/groups/{id}/members", "post")).to.equal(2);
    expect(conditionsAt("/api/mcp-servers", "post")).to.equal(0);
    expect(conditionsAt("/api/mcp-servers/{id}", "get")).to.equal(1);
  });

  it("describes a field of a merge patch like the field itself", () => {
    const fieldOf = (schema: string, field: string): unknown => {
      const { properties = {} } = (document.components["schemas"]?.[schema] ?? {}) as {
        properties?: Record<string, unknown>;
      };
      return properties[field];
    };
    for (const field of ["status", "environment", "id"]) {
      const { description } = fieldOf("McpServerInput", field) as { description?: string };
      expect(description).to.be.a("string");
      expect(fieldOf("McpServerPatch", field), field).to.have.property("description", description);
    }
  });

  it("declares the headers of responses and the errors of limits", () => {
    expect(at("/api/whoami", "get").responses["200"]?.headers).to.include.keys("X-Request-Id", "RateLimit");
    const rejected = (path: string): string => JSON.stringify(at(path, "delete").responses["409"]);
    expect(rejected("/api/skills/{id}")).to.contain("referenced");
    expect(rejected("/api/policies/{id}"), "nothing names a policy").to.not.contain("referenced");
  });

  it("accepts a merge patch with its own media type and as JSON", () => {
    const { requestBody } = at("/api/mcp-servers/{id}", "patch");
    expect(Object.keys(requestBody?.content ?? {})).to.deep.equal(["application/merge-patch+json", "application/json"]);
  });

  it("declares SCIM errors for /scim/v2", () => {
    const patch = at("/scim/v2/Groups/{id}", "patch");
    expect(Object.keys(patch.responses)).to.include.members(["200", "204", "400", "409", "412"]);
    expect(patch.responses["400"]?.content).to.deep.equal({
      "application/scim+json": { schema: { $ref: "#/components/schemas/ScimError" } },
    });
  });

  it("has examples only for existing schemas", () => {
    expect(Object.keys(document.components["schemas"] ?? {})).to.include.members(Object.keys(examples));
  });

  it("has examples of bodies that validate", () => {
    for (const { operationId, method, body } of apiOperations) {
      const { id = "" } = body?.meta() ?? {};
      if (method === "patch" || !Object.hasOwn(examples, id)) continue;
      expect(body?.safeParse(examples[id]).error?.issues ?? [], operationId).to.deep.equal([]);
    }
  });
});
