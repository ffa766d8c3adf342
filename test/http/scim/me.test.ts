import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";

describeOnEngines("RFC 7644 3.11 /Me", (open) => {
  let service: Service;
  let scim: Agent;
  let user: { id: string; meta: { location: string; version: string } };
  let personal: Agent;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
    user = (
      await scim
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: "me", title: "Self" })
        .expect(201)
    ).body;
    personal = service.clientWithSecret(
      (await service.issueToken({ scopes: ["connect:read"], userId: user.id })).secret,
    );
  });
  after(() => service.dispose());

  it("returns the user of a personal token, with the user's location", async () => {
    const { body, headers } = await personal.get("/scim/v2/Me").expect(200);
    expect(body).to.deep.equal(user);
    expect(headers).to.include({ location: user.meta.location, etag: user.meta.version });
  });

  it("supports attributes and conditional requests", async () => {
    expect((await personal.get("/scim/v2/Me?attributes=title").expect(200)).body).to.deep.equal({
      schemas: [userUrn],
      id: user.id,
      title: "Self",
    });
  });

  it("returns 501 for a token without a user", async () => {
    expect((await scim.get("/scim/v2/Me").expect(501)).body.status).to.equal("501");
  });

  it("gives a personal token no access to other SCIM resources, and no write access", async () => {
    await personal.get("/scim/v2/Users").expect(403);
    await personal.get(`/scim/v2/Users/${user.id}`).expect(403);
    expect((await personal.delete("/scim/v2/Me").expect(405)).headers["allow"]).to.equal("GET, HEAD");
    await personal.patch("/scim/v2/Me").send({}).expect(405);
  });

  it("rejects the token as soon as the user is deactivated", async () => {
    await scim
      .patch(`/scim/v2/Users/${user.id}`)
      .send({
        schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        Operations: [{ op: "replace", path: "active", value: false }],
      })
      .expect(200);
    await personal.get("/scim/v2/Me").expect(401);
  });
});
