import { once } from "node:events";
import { Agent, request } from "node:http";
import { expect } from "chai";
import { type Agent as Client, type Service, startService, userUrn } from "../support/service.ts";

describe("The front", () => {
  let service: Service;
  let scim: Client;
  before(async () => {
    service = await startService();
    scim = await service.as(["admin:scim"]);
  });
  after(() => service.dispose());

  it("says that the process lives and that the database answers, to anybody", async () => {
    expect((await service.with().get("/healthz").expect(200)).body).to.deep.equal({ status: "ok" });
    expect((await service.with().get("/readyz").expect(200)).body).to.deep.equal({ status: "ok" });
  });

  it("answers an unknown address with a problem document", async () => {
    const { body, headers } = await service.with().get("/nowhere").expect(404);
    expect(headers["content-type"]).to.equal("application/problem+json");
    expect(body).to.deep.include({ status: 404, title: "Not Found" });
  });

  it("serves no OAuth discovery, which would make clients drop their header", async () => {
    for (const name of ["oauth-protected-resource", "oauth-authorization-server", "openid-configuration"]) {
      await service.with().get(`/.well-known/${name}`).expect(404);
    }
  });

  it("takes over a harmless request id and makes one in place of another", async () => {
    const harmless = await service.with().get("/healthz").set("X-Request-Id", "abc-1.2_3");
    expect(harmless.headers["x-request-id"]).to.equal("abc-1.2_3");
    for (const given of ["a b", "x".repeat(65), 'a"b', "a,b", "<script>"]) {
      const answer = await service.with().get("/healthz").set("X-Request-Id", given);
      expect(answer.headers["x-request-id"]).to.match(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    }
  });

  it("sends helmet's headers and does not say what it is made of", async () => {
    const { headers } = await service.with().get("/healthz");
    expect(headers).to.include({ "x-content-type-options": "nosniff" });
    expect(headers).to.not.have.property("x-powered-by");
  });

  describe("bodies", () => {
    const post = (type: string, body: string) =>
      scim
        .post("/scim/v2/Users")
        .set("Content-Type", type)
        .send(body)
        .serialize((text: string) => text);

    it("that are no JSON are refused with 400 invalidSyntax", async () => {
      for (const text of ["{bad", "null", "5", '"text"']) {
        expect((await post("application/json", text).expect(400)).body.scimType).to.equal("invalidSyntax");
      }
    });

    it("of another media type or charset are refused with 415", async () => {
      await post("text/plain", "x").expect(415);
      await post("application/x-www-form-urlencoded", "userName=x").expect(415);
      await post("application/json; charset=koi8-zz", "{}").expect(415);
    });

    it("that are too large are refused with 413, and those nested too deep with 400", async () => {
      await post("application/json", JSON.stringify({ userName: "x".repeat(6 * 1024 * 1024) })).expect(413);
      await post("application/json", `{"userName":"x","a":${"[".repeat(5000)}${"]".repeat(5000)}}`).expect(400);
    });

    it("with a text that no store gives back as it was are refused with 400, wherever it stands", async () => {
      for (const text of ['"a\\u0000b"', '"a\\ud800"', '{"\\udc00":1}', '["x","\\u0000"]']) {
        const { body } = await post("application/json", `{"userName":"x","title":${text}}`).expect(400);
        expect(body.scimType).to.equal("invalidValue");
      }
      await post("application/json", '{"userName":"emoji \\ud83d\\ude00"}').expect(201);
    });

    it("with a token are refused with 400", async () => {
      await scim
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: "x", access_token: "y" })
        .expect(400);
    });
  });

  describe("RFC 7644 3.12 refusals of the SCIM door", () => {
    it("answer a method that a resource has not with 405 and those that it has", async () => {
      const onUsers = await scim.put("/scim/v2/Users").expect(405);
      expect(onUsers.headers["allow"]).to.equal("GET, HEAD, POST");
      const onSchemas = await scim.post("/scim/v2/Schemas").expect(405);
      expect(onSchemas.headers["allow"]).to.equal("GET, HEAD");
    });

    it("answer what is not offered with 501, and an unknown address with 404", async () => {
      await scim.get("/scim/v2/Me").expect(501);
      expect((await scim.get("/scim/v2/Nothing").expect(404)).body).to.deep.include({ status: "404" });
    });

    it("leave the connection open, whatever the status", async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const sockets = new Set<unknown>();
      const statuses: number[] = [];
      const { secret } = await service.issue({ scopes: ["admin:scim"] });
      for (const path of ["Me", "Me", "Nothing", "Users?filter=x", "Me"]) {
        const [answer] = await once(
          request({
            ...{ host: "127.0.0.1", port: service.port, path: `/scim/v2/${path}`, agent },
            headers: { Authorization: `Bearer ${secret}` },
          }).end(),
          "response",
        );
        sockets.add(answer.socket);
        statuses.push(answer.statusCode);
        answer.resume();
        await once(answer, "end");
      }
      agent.destroy();
      expect(statuses).to.deep.equal([501, 501, 404, 400, 501]);
      expect(sockets.size).to.equal(1);
    });

    it("answer a charset that nobody knows in SCIM's words", async () => {
      const { body } = await scim
        .post("/scim/v2/Users")
        .set("Content-Type", "application/scim+json; charset=koi8-zz")
        .send('{"userName":"x"}')
        .expect(415);
      expect(body.schemas).to.deep.equal(["urn:ietf:params:scim:api:messages:2.0:Error"]);
    });

    it("answer a path that is no text with 400", async () => {
      await scim.get("/scim/v2/Users/%E0%A4%A").expect(400);
    });
  });

  describe("RFC 7644 4 discovery", () => {
    it("says what is there", async () => {
      const { body, headers } = await scim.get("/scim/v2/ServiceProviderConfig").expect(200);
      expect(headers["content-type"]).to.equal("application/scim+json");
      expect(body.patch.supported).to.equal(true);
      expect(body.bulk.supported).to.equal(true);
      expect(body.etag.supported).to.equal(true);
      expect(body.authenticationSchemes).to.have.length(1);
    });

    it("describes the resource types and schemas, each at an address of its own", async () => {
      const types = (await scim.get("/scim/v2/ResourceTypes").expect(200)).body;
      expect(types.Resources.map(({ id }: { id: string }) => id)).to.have.members(["User", "Group"]);
      const { meta } = (await scim.get("/scim/v2/ResourceTypes/User").expect(200)).body;
      expect(meta.location).to.equal("https://gatehouse.example/scim/v2/ResourceTypes/User");
      expect((await scim.get(`/scim/v2/Schemas/${userUrn}`).expect(200)).body.id).to.equal(userUrn);
      expect((await scim.get("/scim/v2/Schemas/urn:nothing").expect(404)).body.status).to.equal("404");
    });

    it("cannot be filtered: 403", async () => {
      await scim.get('/scim/v2/Schemas?filter=id eq "x"').expect(403);
    });

    it("keeps the connection for the next request after a refusal", async () => {
      for (let count = 0; count < 3; count++) await scim.get("/scim/v2/Schemas/urn:nothing").expect(404);
    });
  });

  it("never takes an address for its answers from the Host header", async () => {
    const answer = await scim
      .post("/scim/v2/Users")
      .set("Host", "evil.example")
      .send({ schemas: [userUrn], userName: "h" });
    expect(answer.text).to.not.contain("evil");
    expect(answer.headers["location"]).to.match(/^https:\/\/gatehouse\.example\//);
  });
});
