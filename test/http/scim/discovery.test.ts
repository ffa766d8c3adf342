import { expect } from "chai";
import { type Agent, enterpriseUrn, groupUrn, type Service, startService, userUrn } from "../../support/service.ts";

describe("RFC 7644 4: discovery", () => {
  let service: Service;
  let scim: Agent;
  before(async () => {
    service = await startService();
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  const get = async (path: string) => (await scim.get(`/scim/v2${path}`).expect(200)).body;

  it("describes the supported features in ServiceProviderConfig, including the pagination of RFC 9865", async () => {
    const config = await get("/ServiceProviderConfig");
    expect(config.schemas).to.deep.equal(["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]);
    for (const feature of ["patch", "filter", "sort", "etag"])
      expect(config[feature].supported, feature).to.equal(true);
    expect(config.changePassword.supported).to.equal(false);
    expect(config.filter.maxResults).to.equal(config.pagination.maxPageSize);
    expect(config.pagination).to.deep.include({ cursor: true, index: true, defaultPaginationMethod: "index" });
    expect(config.authenticationSchemes).to.have.length(1);
    expect(config.authenticationSchemes[0]).to.include({ type: "oauthbearertoken" });
    expect(config.meta).to.deep.equal({
      resourceType: "ServiceProviderConfig",
      location: "https://gatehouse.example/scim/v2/ServiceProviderConfig",
    });
  });

  it("lists the resource types with their schemas", async () => {
    const { Resources, totalResults, itemsPerPage } = await get("/ResourceTypes");
    expect([totalResults, itemsPerPage]).to.deep.equal([2, 2]);
    const byId = Object.fromEntries(Resources.map((each: { id: string }) => [each.id, each]));
    expect(byId["User"]).to.deep.include({
      endpoint: "/Users",
      schema: userUrn,
      schemaExtensions: [{ schema: enterpriseUrn, required: false }],
    });
    expect(byId["Group"]).to.deep.include({ endpoint: "/Groups", schema: groupUrn });
    expect(await get("/ResourceTypes/User")).to.deep.equal(byId["User"]);
  });

  it("describes every attribute as it is served", async () => {
    const { Resources } = await get("/Schemas");
    expect(Resources.map(({ id }: { id: string }) => id)).to.have.members([userUrn, groupUrn, enterpriseUrn]);
    const user = await get(`/Schemas/${userUrn}`);
    const attribute = (name: string) => user.attributes.find((each: { name: string }) => each.name === name);
    expect(attribute("userName")).to.include({ required: true, caseExact: false, uniqueness: "server" });
    expect(attribute("groups")).to.include({ mutability: "readOnly", multiValued: true });
    expect(attribute("password")).to.include({ mutability: "writeOnly", returned: "never" });
    expect(await get(`/Schemas/${userUrn.toLowerCase()}`)).to.deep.equal(user);
    const members = (await get(`/Schemas/${groupUrn}`)).attributes.find(
      ({ name }: { name: string }) => name === "members",
    );
    expect(members.subAttributes.map(({ name }: { name: string }) => name)).to.have.members(["value", "$ref", "type"]);
  });

  it("returns 404 for unknown documents, 403 for a filter and 405 for other methods", async () => {
    for (const path of [
      "/Schemas/urn:none",
      "/ResourceTypes/Robot",
      "/ResourceTypes/toString",
      "/ServiceProviderConfig/x",
    ]) {
      const { body } = await scim.get(`/scim/v2${path}`).expect(404);
      expect(body.status).to.equal("404");
    }
    for (const path of ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"]) {
      await scim.get(`/scim/v2${path}?filter=id pr`).expect(403);
      await scim.get(`/scim/v2${path}?startIndex=1&count=1`).expect(200);
      expect((await scim.post(`/scim/v2${path}`).send({}).expect(405)).headers["allow"]).to.equal("GET, HEAD");
    }
  });

  it("uses the configured URL, never the Host header, and adds no charset", async () => {
    const { body, headers } = await scim.get("/scim/v2/Schemas").set("Host", "evil.example").expect(200);
    const text = JSON.stringify(body);
    expect(text).to.include("https://gatehouse.example/scim/v2/Schemas").and.not.include("evil.example");
    expect(headers["content-type"]).to.equal("application/scim+json");
  });

  it("ignores the body of a GET", async () => {
    for (const path of ["/Schemas", `/Schemas/${userUrn}`, "/ResourceTypes", "/ServiceProviderConfig"]) {
      const plain = await get(path);
      for (const headers of [
        { "Content-Type": "application/json" },
        { "Content-Type": "application/scim+json; charset=koi8-zz" },
        { "Content-Type": "application/json", "Content-Encoding": "foo" },
        { "Content-Type": "application/json", "Content-Encoding": "gzip" },
      ]) {
        const ask = () => scim.get(`/scim/v2${path}`).set(headers).serialize(String);
        expect((await ask().send("{bad").expect(200)).body).to.deep.equal(plain);
        const inChunks = ask().set("Transfer-Encoding", "chunked");
        inChunks.write("{bad");
        expect((await inChunks.expect(200)).body).to.deep.equal(plain);
      }
    }
  });

  it("records rejected requests in the request log", async () => {
    await scim.get("/scim/v2/Schemas/urn:not-there").expect(404);
    await service.shutDown();
    const { items } = await service.store
      .for(service.organizationId)
      .open((await import("../../../src/store/collections.ts")).requestLog)
      .list({ limit: 100 });
    expect(items.some(({ path, status }) => path.includes("urn:not-there") && status === 404)).to.equal(true);
  });
});
