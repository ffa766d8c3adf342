import { once } from "node:events";
import { Agent, request } from "node:http";
import { expect } from "chai";
import { version } from "../../../src/startup.ts";
import { type Agent as Client, type Service, startService, userUrn } from "../../support/service.ts";

describe("The Express app", () => {
  let service: Service;
  let scim: Client;
  before(async () => {
    service = await startService();
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  it("reports liveness and database readiness without a credential", async () => {
    expect((await service.clientWithSecret().get("/healthz").expect(200)).body).to.deep.equal({
      status: "ok",
      version,
    });
    expect((await service.clientWithSecret().get("/readyz").expect(200)).body).to.deep.equal({ status: "ok" });
  });

  it("returns a problem document for an unknown path", async () => {
    const { body, headers } = await service.clientWithSecret().get("/nowhere").expect(404);
    expect(headers["content-type"]).to.equal("application/problem+json");
    expect(body).to.deep.include({ status: 404, title: "Not Found" });
  });

  it("serves no OAuth discovery document, which would make clients drop their header", async () => {
    for (const name of ["oauth-protected-resource", "oauth-authorization-server", "openid-configuration"]) {
      await service.clientWithSecret().get(`/.well-known/${name}`).expect(404);
    }
  });

  it("keeps a safe request id and replaces any other", async () => {
    const harmless = await service.clientWithSecret().get("/healthz").set("X-Request-Id", "abc-1.2_3");
    expect(harmless.headers["x-request-id"]).to.equal("abc-1.2_3");
    for (const requestId of ["a b", "x".repeat(65), 'a"b', "a,b", "<script>"]) {
      const response = await service.clientWithSecret().get("/healthz").set("X-Request-Id", requestId);
      expect(response.headers["x-request-id"]).to.match(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    }
  });

  it("sends helmet's headers and does not reveal the framework", async () => {
    const { headers } = await service.clientWithSecret().get("/healthz");
    expect(headers).to.include({ "x-content-type-options": "nosniff" });
    expect(headers).to.not.have.property("x-powered-by");
  });

  describe("request bodies", () => {
    const post = (type: string, body: string) =>
      scim
        .post("/scim/v2/Users")
        .set("Content-Type", type)
        .send(body)
        .serialize((text: string) => text);

    it("rejects invalid JSON with 400 invalidSyntax", async () => {
      for (const text of ["{bad", "null", "5", '"text"']) {
        expect((await post("application/json", text).expect(400)).body.scimType).to.equal("invalidSyntax");
      }
    });

    it("rejects another media type or charset with 415", async () => {
      await post("text/plain", "x").expect(415);
      await post("application/x-www-form-urlencoded", "userName=x").expect(415);
      await post("application/json; charset=koi8-zz", "{}").expect(415);
    });

    it("rejects too large bodies with 413, and too deeply nested ones with 400", async () => {
      await post("application/json", JSON.stringify({ userName: "x".repeat(6 * 1024 * 1024) })).expect(413);
      await post("application/json", `{"userName":"x","a":${"[".repeat(5000)}${"]".repeat(5000)}}`).expect(400);
    });

    it("rejects NUL characters and unpaired surrogates with 400, at any depth", async () => {
      for (const text of ['"a\\u0000b"', '"a\\ud800"', '{"\\udc00":1}', '["x","\\u0000"]']) {
        const { body } = await post("application/json", `{"userName":"x","title":${text}}`).expect(400);
        expect(body.scimType).to.equal("invalidValue");
      }
      await post("application/json", '{"userName":"emoji \\ud83d\\ude00"}').expect(201);
    });

    it("rejects a token in the body with 400", async () => {
      await scim
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: "x", access_token: "y" })
        .expect(400);
    });
  });

  describe("RFC 7644 section 3.12: errors", () => {
    it("returns 405 with the allowed methods", async () => {
      const onUsers = await scim.put("/scim/v2/Users").expect(405);
      expect(onUsers.headers["allow"]).to.equal("GET, HEAD, POST");
      const onSchemas = await scim.post("/scim/v2/Schemas").expect(405);
      expect(onSchemas.headers["allow"]).to.equal("GET, HEAD");
    });

    it("returns 501 for an unsupported resource, and 404 for an unknown path", async () => {
      await scim.get("/scim/v2/Me").expect(501);
      expect((await scim.get("/scim/v2/Nothing").expect(404)).body).to.deep.include({ status: "404" });
    });

    it("keeps the connection open, whatever the status", async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const sockets = new Set<unknown>();
      const statuses: number[] = [];
      const { secret } = await service.issueToken({ scopes: ["admin:scim"] });
      for (const path of ["Me", "Me", "Nothing", "Users?filter=x", "Me"]) {
        const [response] = await once(
          request({
            ...{ host: "127.0.0.1", port: service.port, path: `/scim/v2/${path}`, agent },
            headers: { Authorization: `Bearer ${secret}` },
          }).end(),
          "response",
        );
        sockets.add(response.socket);
        statuses.push(response.statusCode);
        response.resume();
        await once(response, "end");
      }
      agent.destroy();
      expect(statuses).to.deep.equal([501, 501, 404, 400, 501]);
      expect(sockets.size).to.equal(1);
    });

    it("returns a SCIM error for an unknown charset", async () => {
      const { body } = await scim
        .post("/scim/v2/Users")
        .set("Content-Type", "application/scim+json; charset=koi8-zz")
        .send('{"userName":"x"}')
        .expect(415);
      expect(body.schemas).to.deep.equal(["urn:ietf:params:scim:api:messages:2.0:Error"]);
    });

    it("returns 400 for a path that is not valid UTF-8", async () => {
      await scim.get("/scim/v2/Users/%E0%A4%A").expect(400);
    });
  });

  describe("RFC 7644 section 4: discovery", () => {
    it("returns the supported features", async () => {
      const { body, headers } = await scim.get("/scim/v2/ServiceProviderConfig").expect(200);
      expect(headers["content-type"]).to.equal("application/scim+json");
      expect(body.patch.supported).to.equal(true);
      expect(body.bulk.supported).to.equal(true);
      expect(body.etag.supported).to.equal(true);
      expect(body.authenticationSchemes).to.have.length(1);
    });

    it("returns resource types and schemas, each at its own URL", async () => {
      const types = (await scim.get("/scim/v2/ResourceTypes").expect(200)).body;
      expect(types.Resources.map(({ id }: { id: string }) => id)).to.have.members(["User", "Group"]);
      const { meta } = (await scim.get("/scim/v2/ResourceTypes/User").expect(200)).body;
      expect(meta.location).to.equal("https://gatehouse.example/scim/v2/ResourceTypes/User");
      expect((await scim.get(`/scim/v2/Schemas/${userUrn}`).expect(200)).body.id).to.equal(userUrn);
      expect((await scim.get("/scim/v2/Schemas/urn:nothing").expect(404)).body.status).to.equal("404");
    });

    it("rejects filters with 403", async () => {
      await scim.get('/scim/v2/Schemas?filter=id eq "x"').expect(403);
    });

    it("keeps the connection open after an error", async () => {
      for (let count = 0; count < 3; count++) await scim.get("/scim/v2/Schemas/urn:nothing").expect(404);
    });
  });

  it("never uses the Host header in URLs of responses", async () => {
    const response = await scim
      .post("/scim/v2/Users")
      .set("Host", "evil.example")
      .send({ schemas: [userUrn], userName: "h" });
    expect(response.text).to.not.contain("evil");
    expect(response.headers["location"]).to.match(/^https:\/\/gatehouse\.example\//);
  });
});
