import { expect } from "chai";
import { assertDeclared, type Exchange, exercised } from "./support/answers.ts";
import { startService } from "./support/service.ts";

const caller = { organizationId: "org_1", actor: { type: "token" }, scopes: ["all"] };
const server = {
  ...{ id: "srv_1", version: 1, createdAt: "2026-05-04T09:30:00.000Z", updatedAt: "2026-05-04T09:30:00.000Z" },
  ...{ slug: "github", name: "GitHub", status: "active", transport: "http", url: "https://mcp.example.com/" },
  ...{ auth: { type: "none" }, tools: [] },
};
const assignment = { everyone: true, groups: [], users: [] };
const refusal = {
  type: "urn:x",
  title: "Not Found",
  status: 404,
  detail: "There is no such thing.",
  instance: "urn:y",
};

const answered = (path: string, body: object, more: Partial<Exchange> = {}): (() => void) => {
  const status = more.status ?? 200;
  const type = status < 400 ? "application/json" : "application/problem+json";
  const headers = { "content-type": type, etag: '"1"', ...more.headers };
  const text = JSON.stringify(body);
  return () => assertDeclared({ method: "GET", path, isOfUser: false, text, ...more, status, headers });
};

describe("Every answer in the tests", () => {
  it("is taken where it is what its operation declares", () => {
    answered("/api/whoami", caller)();
    answered("/api/mcp-servers/github?x", { ...server, assignment })();
    answered("/api/mcp-servers/github", refusal, { status: 404 })();
    answered("/healthz", { anything: true })();
  });

  it("has no field that is not declared, and lacks none that is", () => {
    expect(answered("/api/whoami", { ...caller, colour: "red" })).to.throw("declared is only");
    expect(answered("/api/whoami", { ...caller, actor: { type: "token", colour: "red" } })).to.throw(
      "declared is only",
    );
    expect(answered("/api/whoami", { ...caller, scopes: undefined })).to.throw("scopes");
    expect(answered("/api/mcp-servers/github", { ...refusal, colour: "red" }, { status: 404 })).to.throw("declared");
    expect(answered("/api/mcp-servers/github", { ...server, assignment, tools: undefined })).to.throw("declared");
  });

  it("shows a user nothing that is for the organization", () => {
    expect(answered("/api/mcp-servers/github", { ...server, assignment }, { isOfUser: true })).to.throw("declared");
    answered("/api/mcp-servers/github", server, { isOfUser: true })();
  });

  it("has a status, a media type and the headers that are declared", () => {
    expect(answered("/api/whoami", caller, { status: 201 })).to.throw("the status is not declared");
    expect(answered("/api/whoami", refusal, { status: 404 })).to.throw("the status is not declared");
    expect(answered("/api/whoami", refusal, { status: 500 })).to.throw("the status is not declared");
    expect(answered("/api/whoami", refusal, { status: 429 })).to.throw("Retry-After");
    expect(answered("/api/whoami", caller, { headers: { "content-type": "text/html" } })).to.throw("application/json");
    const untagged = { headers: { etag: undefined } };
    expect(answered("/api/mcp-servers/github", { ...server, assignment }, untagged)).to.throw("ETag");
    expect(answered("/api/nowhere", caller)).to.throw("no operation is there");
  });

  it("speaks SCIM's words at /scim/v2", () => {
    const headers = { "content-type": "application/scim+json" };
    const user = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], id: "usr_1", userName: "ada" };
    answered("/scim/v2/Users/usr_1", user, { headers })();
    expect(answered("/scim/v2/Users/usr_1", { ...user, folded: {} }, { headers })).to.throw("declared is only");
    expect(answered("/scim/v2/Users/usr_1", refusal, { status: 404, headers })).to.throw("schemas");
  });

  it("is really looked at, and counts as the exercise of its operation", async () => {
    const service = await startService();
    const agent = await service.as(["all"]);
    await agent.get("/scim/v2/ServiceProviderConfig").expect(200);
    expect([...exercised()]).to.include("scimServiceProviderConfig");
    await service.dispose();
  });
});
