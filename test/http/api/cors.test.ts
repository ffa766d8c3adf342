import { expect } from "chai";
import supertest from "supertest";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";

const origin = "https://app.example";

describe("CORS of /api", () => {
  let service: Service;
  let page: Agent;
  let admin: Agent;
  before(async () => {
    service = await startService({ environment: { CORS_ORIGINS: `https://other.example,${origin}` } });
    admin = await service.clientWithScopes(["admin:read", "admin:write", "admin:scim", "connect:read"]);
    const { body } = await admin
      .post("/scim/v2/Users")
      .send({ schemas: [userUrn], userName: "ada" })
      .expect(201);
    const { secret } = await service.issueToken({ scopes: ["connect:read"], userId: body.id });
    page = service.clientWithSecret(secret);
  });
  after(() => service.dispose());

  const preflight = (path: string, from = origin) =>
    supertest(`http://127.0.0.1:${service.port}`) // no operation of OpenAPI, which the clients of the service compare
      .options(path)
      .set("Origin", from)
      .set("Access-Control-Request-Method", "PATCH")
      .set("Access-Control-Request-Headers", "authorization,content-type,if-match")
      .buffer(true);

  it("responds to a preflight request without a credential, for a listed origin, to be cached for two hours", async () => {
    const { headers } = await preflight("/api/mcp-servers").expect(204);
    expect(headers).to.include({ "access-control-allow-origin": origin, "access-control-max-age": "7200" });
    expect(headers["vary"]).to.include("Origin");
    expect(headers["access-control-allow-methods"]?.split(",")).to.include.members(["GET", "PATCH", "DELETE"]);
    expect(headers["access-control-allow-headers"]?.split(",")).to.include.members(["Authorization", "If-Match"]);
    expect(headers).to.not.have.property("access-control-allow-credentials");
  });

  for (const other of ["https://app.example.evil.example", "http://app.example", "https://app.example:444", "null"])
    it(`allows nothing to the origin ${other}`, async () => {
      for (const request of [preflight("/api/mcp-servers", other), page.get("/api/mcp-servers").set("Origin", other)]) {
        const { headers } = await request;
        expect(headers).to.not.have.property("access-control-allow-origin");
        expect(headers["vary"]).to.include("Origin");
      }
    });

  it("shows a user's view to the page, with the headers that it needs", async () => {
    const { headers } = await page.get("/api/mcp-servers").set("Origin", origin).expect(200);
    expect(headers["access-control-allow-origin"]).to.equal(origin);
    expect(headers["access-control-expose-headers"]?.split(",")).to.include.members(["ETag", "Retry-After"]);
    const plugin = await admin.get("/api/mcp-servers").set("Origin", origin).set("x-user-email", "ada").expect(200);
    expect(plugin.headers["access-control-allow-origin"]).to.equal(origin);
  });

  it("shows errors to the page, so that it can report an expired token", async () => {
    const { headers } = await service.clientWithSecret("wxt_x").get("/api/whoami").set("Origin", origin).expect(401);
    expect(headers["access-control-allow-origin"]).to.equal(origin);
  });

  it("hides the organization's view and /scim/v2 from every page", async () => {
    for (const path of ["/api/mcp-servers", "/api/tokens", "/api/users", "/scim/v2/Users"]) {
      const { headers } = await admin.get(path).set("Origin", origin);
      expect(headers, path).to.not.have.property("access-control-allow-origin");
    }
    expect((await preflight("/scim/v2/Users")).headers).to.not.have.property("access-control-allow-origin");
  });

  it("sends none of its headers without CORS_ORIGINS", async () => {
    const other = await startService();
    try {
      const { headers } = await (await other.clientWithScopes(["admin:read"]))
        .get("/api/mcp-servers")
        .set("Origin", origin);
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).to.deep.equal([]);
      await other.clientWithSecret().options("/api/mcp-servers").set("Origin", origin).expect(401);
    } finally {
      await other.dispose();
    }
  });
});
