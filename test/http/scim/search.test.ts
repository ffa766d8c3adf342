import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, groupUrn, type Service, startService, userUrn } from "../../support/service.ts";

const searchUrn = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

describeOnEngines("RFC 7644 3.4.3: POST search", (open) => {
  let service: Service;
  let scim: Agent;
  const users = 45;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
    for (let at = 0; at < users; at++) {
      await scim
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: `user${at}`, displayName: at === 7 ? "Lions" : `Name ${at}` })
        .expect(201);
    }
    for (const displayName of ["Lions", "Tigers"])
      await scim
        .post("/scim/v2/Groups")
        .send({ schemas: [groupUrn], displayName })
        .expect(201);
  });
  after(() => service.dispose());

  const search = async (path: string, message: object, status = 200) =>
    (
      await scim
        .post(`/scim/v2${path}`)
        .send({ schemas: [searchUrn], ...message })
        .expect(status)
    ).body;

  it("returns the same resources of one type as a GET", async () => {
    const filter = 'userName sw "user1"';
    const { body } = await scim.get("/scim/v2/Users").query({ filter, sortBy: "userName", count: "5" }).expect(200);
    expect(await search("/Users/.search", { filter, sortBy: "userName", count: 5 })).to.deep.equal(body);
  });

  it("accepts numbers as numbers and as strings, with the limits of a GET", async () => {
    expect(await search("/Users/.search", { count: 0 })).to.deep.include({ totalResults: users, Resources: [] });
    expect((await search("/Users/.search", { count: "2" })).Resources).to.have.length(2);
    expect((await search("/Users/.search", { startIndex: 0, count: -4 })).startIndex).to.equal(1);
    expect((await search("/Users/.search", { count: 2.5 }, 400)).scimType).to.equal("invalidValue");
  });

  it("supports attributes as a list", async () => {
    const { Resources } = await search("/Groups/.search", {
      attributes: ["displayName"],
      filter: 'displayName eq "lions"',
    });
    expect(Resources).to.have.length(1);
    expect(Resources[0]).to.have.all.keys("schemas", "id", "displayName");
  });

  it("searches all resource types at the root, with the exact total on every page", async () => {
    const seen = new Set<string>();
    for (let startIndex = 1; startIndex <= users + 2; startIndex += 20) {
      const body = await search("/.search", { startIndex, count: 20 });
      expect(body).to.deep.include({ totalResults: users + 2, startIndex, itemsPerPage: body.Resources.length });
      for (const { id } of body.Resources) seen.add(id);
    }
    expect(seen.size).to.equal(users + 2);
    expect((await scim.get("/scim/v2/").query({ count: "1" }).expect(200)).body.totalResults).to.equal(users + 2);
  });

  it("treats an attribute that a type does not define as absent", async () => {
    const find = async (filter: string) =>
      (await search("/.search", { filter, count: 200 })).Resources.map(
        (each: { userName?: string; displayName: string }) => each.userName ?? each.displayName,
      );
    expect(await find('displayName eq "LIONS"')).to.deep.equal(["user7", "Lions"]);
    expect(await find('displayName eq "tigers" or userName eq "user3"')).to.deep.equal(["user3", "Tigers"]);
    expect(await find('userName eq "user3"')).to.deep.equal(["user3"]);
    expect(await find("not (userName pr)")).to.deep.equal(["Lions", "Tigers"]);
    expect(await find('meta.resourceType eq "Group"')).to.deep.equal(["Lions", "Tigers"]);
    expect((await search("/.search", { filter: 'shoeSize eq "9"' }, 400)).scimType).to.equal("invalidFilter");
  });

  it("rejects parameters that require a single resource type", async () => {
    for (const message of [{ sortBy: "displayName" }, { cursor: "" }])
      expect((await search("/.search", message, 400)).scimType).to.equal("invalidValue");
  });

  it("rejects an invalid SearchRequest and names the parameter", async () => {
    const rejection = await scim.post("/scim/v2/Users/.search").send({ filter: "userName pr" }).expect(400);
    expect(rejection.body.scimType).to.equal("invalidSyntax");
    expect((await search("/Users/.search", { fliter: "userName pr" }, 400)).detail).to.include("fliter");
    expect((await search("/Users/.search", { filter: ["userName pr"] }, 400)).detail).to.include("filter");
    expect((await scim.get("/scim/v2/Users/.search").expect(405)).headers["allow"]).to.equal("POST");
  });
});
