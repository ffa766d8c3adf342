import { expect } from "chai";
import { assertMatchesSpec, type HttpExchange } from "./support/responses.ts";
import { startService } from "./support/service.ts";
import { listSucceededOperations } from "./support/tested-operations.ts";

const caller = { organizationId: "org_1", actor: { type: "token" }, scopes: ["all"] };
const server = {
  ...{ id: "srv_1", version: 1, createdAt: "2026-05-04T09:30:00.000Z", updatedAt: "2026-05-04T09:30:00.000Z" },
  ...{ slug: "github", name: "GitHub", status: "active", transport: "http", url: "https://mcp.example.com/" },
  ...{ auth: { type: "none" }, tools: [], labels: {} },
};
const assignment = { everyone: true, groups: [], users: [] };
const problem = {
  type: "urn:x",
  title: "Not Found",
  status: 404,
  detail: "The MCP server was not found.",
  instance: "urn:y",
};

const checkResponse = (path: string, body: object, more: Partial<HttpExchange> = {}): (() => void) => {
  const status = more.status ?? 200;
  const type = status < 400 ? "application/json" : "application/problem+json";
  const headers = { "content-type": type, etag: '"1"', ...more.headers };
  const text = JSON.stringify(body);
  return () => assertMatchesSpec({ method: "GET", path, isUserRequest: false, text, ...more, status, headers });
};

describe("Responses in tests", () => {
  it("match the declaration of their operation", () => {
    checkResponse("/api/whoami", caller)();
    checkResponse("/api/mcp-servers/github?x", { ...server, assignment })();
    checkResponse("/api/mcp-servers/github", problem, { status: 404 })();
    checkResponse("/healthz", { anything: true })();
  });

  it("have no undeclared field and no missing one", () => {
    expect(checkResponse("/api/whoami", { ...caller, color: "red" })).to.throw("only these fields are declared");
    expect(checkResponse("/api/whoami", { ...caller, actor: { type: "token", color: "red" } })).to.throw(
      "only these fields are declared",
    );
    expect(checkResponse("/api/whoami", { ...caller, scopes: undefined })).to.throw("scopes");
    expect(checkResponse("/api/mcp-servers/github", { ...problem, color: "red" }, { status: 404 })).to.throw(
      "declared",
    );
    expect(checkResponse("/api/mcp-servers/github", { ...server, assignment, tools: undefined })).to.throw("declared");
  });

  it("have no organization's field in a user's view", () => {
    expect(checkResponse("/api/mcp-servers/github", { ...server, assignment }, { isUserRequest: true })).to.throw(
      "declared",
    );
    checkResponse("/api/mcp-servers/github", server, { isUserRequest: true })();
  });

  it("have a declared status, media type and headers", () => {
    expect(checkResponse("/api/whoami", caller, { status: 201 })).to.throw("the status is not declared");
    expect(checkResponse("/api/whoami", problem, { status: 404 })).to.throw("the status is not declared");
    expect(checkResponse("/api/whoami", problem, { status: 500 })).to.throw("the status is not declared");
    expect(checkResponse("/api/whoami", problem, { status: 429 })).to.throw("Retry-After");
    expect(checkResponse("/api/whoami", caller, { headers: { "content-type": "text/html" } })).to.throw(
      "application/json",
    );
    const untagged = { headers: { etag: undefined } };
    expect(checkResponse("/api/mcp-servers/github", { ...server, assignment }, untagged)).to.throw("ETag");
    expect(checkResponse("/api/nowhere", caller)).to.throw("no operation has this path and method");
  });

  it("are SCIM errors at /scim/v2", () => {
    const headers = { "content-type": "application/scim+json" };
    const user = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], id: "usr_1", userName: "ada" };
    checkResponse("/scim/v2/Users/usr_1", user, { headers })();
    expect(checkResponse("/scim/v2/Users/usr_1", { ...user, normalized: {} }, { headers })).to.throw(
      "only these fields are declared",
    );
    expect(checkResponse("/scim/v2/Users/usr_1", problem, { status: 404, headers })).to.throw("schemas");
  });

  it("are checked, and count as coverage of their operation", async () => {
    const service = await startService();
    const agent = await service.clientWithScopes(["all"]);
    await agent.get("/scim/v2/ServiceProviderConfig").expect(200);
    expect(listSucceededOperations()).to.include("scimServiceProviderConfig");
    await service.dispose();
  });
});
