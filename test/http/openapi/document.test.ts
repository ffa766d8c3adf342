import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { expect } from "chai";
import { apiOperations } from "../../../src/http/api/operations.ts";
import { buildOpenApiDocument } from "../../../src/http/openapi/document.ts";
import { examples } from "../../../src/http/openapi/examples.ts";
import { oauthOperations } from "../../../src/http/openapi/oauth-operations.ts";
import { errorCodesByStatus } from "../../../src/http/openapi/operation-errors.ts";
import { documentedScimOperations } from "../../../src/http/openapi/scim-operations.ts";
import { toYaml } from "../../../src/http/openapi/yaml.ts";
import { root } from "../../support/root.ts";

interface Described {
  readonly operationId: string;
  readonly "x-required-scopes": object;
  readonly security?: readonly object[];
  readonly parameters?: readonly object[];
  readonly requestBody?: { readonly content: object };
  readonly responses: Readonly<Record<string, { readonly content?: object; readonly headers?: object }>>;
}

const document = buildOpenApiDocument() as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
};
const described = Object.values(document.paths).flatMap((item) => Object.values(item));
const at = (path: string, method: string): Described => {
  const problems = document.paths[path]?.[method];
  if (!problems) throw new Error(`${method} ${path} is not described`);
  return problems;
};

async function problemsOf(source: string): Promise<readonly string[]> {
  const config = await createConfig({ extends: ["recommended"] });
  const problems = await lintFromString({ source, absoluteRef: "openapi.yaml", config });
  return problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`);
}

describe("openapi.yaml", () => {
  it("equals the generated document byte for byte", async () => {
    const committed = await readFile(join(root, "openapi.yaml"), "utf8");
    expect(committed === toYaml(buildOpenApiDocument()), "run npm run openapi").to.equal(true);
  });

  it("has no errors or warnings by Redocly's recommended rules", async () => {
    expect(await problemsOf(toYaml(buildOpenApiDocument()))).to.deep.equal([]);
  });

  it("reports violations of these rules", async () => {
    const broken = toYaml({ ...buildOpenApiDocument(), info: { title: "x" }, tags: [{ name: "Caller" }] });
    const rules = (await problemsOf(broken)).map((problem) => problem.split(" ")[0]);
    expect(rules).to.include.members(["struct", "info-license", "tag-description"]);
  });

  it("has every operation of the code with a unique operationId", () => {
    const names = [...apiOperations, ...oauthOperations, ...documentedScimOperations].map(
      ({ operationId }) => operationId,
    );
    expect(new Set(names).size).to.equal(names.length);
    expect(described.map(({ operationId }) => operationId)).to.have.members(names);
    for (const name of names) expect(name).to.match(/^[a-z][A-Za-z]+$/);
  });

  it("declares the scopes and errors of every operation", () => {
    for (const { operationId, responses, security, "x-required-scopes": scopes } of described) {
      const isOpen = security?.length === 0;
      expect(Object.keys(scopes).length === 0, operationId).to.equal(isOpen);
      expect(Object.keys(responses), operationId).to.include.members(["400", "429", "503", ...(isOpen ? [] : ["401"])]);
    }
    for (const operation of [...apiOperations, ...documentedScimOperations]) {
      const declared = described.find(({ operationId }) => operationId === operation.operationId);
      const statuses = [...errorCodesByStatus(operation).keys()].map(String);
      expect(Object.keys(declared?.responses ?? {}), operation.operationId).to.include.members(statuses);
    }
  });

  it("distinguishes the two views of a URL", () => {
    const get = at("/api/mcp-servers/{id}", "get");
    expect(get["x-required-scopes"]).to.deep.equal({ organization: ["admin:read"], user: ["connect:read"] });
    expect(get.responses["200"]?.content).to.deep.equal({
      "application/json": {
        schema: {
          anyOf: [{ $ref: "#/components/schemas/McpServer" }, { $ref: "#/components/schemas/UserMcpServer" }],
        },
      },
    });
    expect(get.parameters).to.deep.include({ $ref: "#/components/parameters/UserEmail" });
    expect(at("/api/policies", "get").parameters).to.not.deep.include({ $ref: "#/components/parameters/UserEmail" });
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

  it("has no empty description", () => {
    const empty: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== "object" || value === null) return;
      for (const [key, each] of Object.entries(value)) {
        if (key === "description" && each === "") empty.push(path);
        visit(each, `${path}/${key}`);
      }
    };
    visit(document, "");
    expect(empty).to.deep.equal([]);
  });

  it("describes a field of a merge patch like the field itself", () => {
    const fieldOf = (schema: string, field: string): unknown => {
      const { properties } = document.components.schemas[schema] as { properties?: Record<string, unknown> };
      return properties?.[field];
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
    expect(Object.keys(document.components.schemas)).to.include.members(Object.keys(examples));
  });

  it("has examples of bodies that validate", () => {
    for (const { operationId, method, body } of apiOperations) {
      const { id = "" } = body?.meta() ?? {};
      if (method === "patch" || !Object.hasOwn(examples, id)) continue;
      expect(body?.safeParse(examples[id]).error?.issues ?? [], operationId).to.deep.equal([]);
    }
  });
});
