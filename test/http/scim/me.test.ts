import { expect } from "chai";
import { engines } from "../../store/engines.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";

for (const { name, open } of engines) {
  describe(`RFC 7644 3.11 /Me on ${name}`, () => {
    let service: Service;
    let scim: Agent;
    let user: { id: string; meta: { location: string; version: string } };
    let personal: Agent;
    before(async () => {
      service = await startService({ open });
      scim = await service.as(["admin:scim"]);
      user = (
        await scim
          .post("/scim/v2/Users")
          .send({ schemas: [userUrn], userName: "me", title: "Self" })
          .expect(201)
      ).body;
      personal = service.with((await service.issue({ scopes: ["connect:read"], userId: user.id })).secret);
    });
    after(() => service.dispose());

    it("is the user that a personal token acts as, at its own address", async () => {
      const { body, headers } = await personal.get("/scim/v2/Me").expect(200);
      expect(body).to.deep.equal(user);
      expect(headers).to.include({ location: user.meta.location, etag: user.meta.version });
    });

    it("can be cut to attributes and asked for a newer version", async () => {
      expect((await personal.get("/scim/v2/Me?attributes=title").expect(200)).body).to.deep.equal({
        schemas: [userUrn],
        id: user.id,
        title: "Self",
      });
    });

    it("is 501 for a token that acts as nobody", async () => {
      expect((await scim.get("/scim/v2/Me").expect(501)).body.status).to.equal("501");
    });

    it("opens nothing else of SCIM to a personal token, and cannot be changed by it", async () => {
      await personal.get("/scim/v2/Users").expect(403);
      await personal.get(`/scim/v2/Users/${user.id}`).expect(403);
      expect((await personal.delete("/scim/v2/Me").expect(405)).headers["allow"]).to.equal("GET, HEAD");
      await personal.patch("/scim/v2/Me").send({}).expect(405);
    });

    it("ends with the user's deactivation, at once", async () => {
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
}
