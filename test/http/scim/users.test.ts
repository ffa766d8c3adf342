import { expect } from "chai";
import { auditEvents, users } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, enterpriseUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";

describeOnEngines("/scim/v2/Users", (open) => {
  let service: Service;
  let scim: Agent;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  let number = 0;
  const buildUser = (more: object = {}) => ({ schemas: [userUrn], userName: `user${++number}@example.com`, ...more });
  const createUser = async (more: object = {}) =>
    (await scim.post("/scim/v2/Users").send(buildUser(more)).expect(201)).body;
  const patch = (id: string, ...Operations: object[]) =>
    scim.patch(`/scim/v2/Users/${id}`).send({ schemas: [patchUrn], Operations });

  describe("RFC 7644 3.3: create", () => {
    it("returns 201 with the resource, its Location and its ETag", async () => {
      const response = await scim
        .post("/scim/v2/Users")
        .set("Content-Type", "application/scim+json")
        .send(JSON.stringify(buildUser({ name: { givenName: "Ada" }, [enterpriseUrn]: { department: "Engines" } })))
        .expect(201);
      const { id, meta } = response.body;
      expect(response.headers["content-type"]).to.equal("application/scim+json");
      expect(response.headers["location"]).to.equal(`https://gatehouse.example/scim/v2/Users/${id}`);
      expect(response.headers["etag"]).to.equal('W/"1"');
      expect(meta).to.deep.include({ resourceType: "User", version: 'W/"1"', location: response.headers["location"] });
      expect(response.body).to.deep.include({ active: true, name: { givenName: "Ada" } });
      expect(response.body[enterpriseUrn]).to.deep.equal({ department: "Engines" });
      expect(response.body.schemas).to.deep.equal([userUrn, enterpriseUrn]);
      expect((await scim.get(`/scim/v2/Users/${id}`).expect(200)).body).to.deep.equal(response.body);
    });

    it("keeps userName unique, case-insensitively and for every Unicode form", async () => {
      await createUser({ userName: "Ångström@example.com" });
      for (const userName of ["ÅNGSTRÖM@EXAMPLE.COM", "A\u030angstro\u0308m@example.com"]) {
        const rejection = await scim.post("/scim/v2/Users").send(buildUser({ userName })).expect(409);
        expect(rejection.body).to.deep.include({ status: "409", scimType: "uniqueness" });
        expect(rejection.body.detail).to.contain("userName").and.not.contain("normalized");
      }
    });

    it("never stores a password", async () => {
      const user = await createUser({ password: "correct horse" });
      expect(JSON.stringify(user)).to.not.contain("correct horse");
      const stored = await service.store.for(service.organizationId).open(users).get(user.id);
      expect(JSON.stringify(stored)).to.not.contain("correct horse");
    });

    const wrong: Record<string, [body: unknown, scimType: string, named: string]> = {
      "no userName": [{ schemas: [userUrn] }, "invalidValue", "userName"],
      "an empty userName": [{ schemas: [userUrn], userName: " " }, "invalidValue", "userName"],
      "a userName that is a number": [{ schemas: [userUrn], userName: 5 }, "invalidValue", "userName"],
      "active that is not a boolean": [
        { schemas: [userUrn], userName: "x", active: "maybe" },
        "invalidValue",
        "active",
      ],
      "an element that is a list": [{ schemas: [userUrn], userName: "x", emails: [["a@x"]] }, "invalidValue", "emails"],
      "two primary emails": [
        {
          schemas: [userUrn],
          userName: "x",
          emails: [
            { value: "a@x", primary: true },
            { value: "b@x", primary: true },
          ],
        },
        "invalidValue",
        "emails",
      ],
      "a list": [[], "invalidSyntax", "object"],
      "a string": ["x", "invalidSyntax", "object"],
      "a key that every object inherits": [{ constructor: "x", userName: "x" }, "invalidSyntax", "key"],
      "a path with a name that every object inherits": [
        { [`${enterpriseUrn}:constructor`]: "x", userName: "x" },
        "invalidSyntax",
        "key",
      ],
    };
    for (const [description, [body, scimType, named]] of Object.entries(wrong)) {
      it(`rejects ${description} with ${scimType} and names it`, async () => {
        const rejection = await scim
          .post("/scim/v2/Users")
          .set("Content-Type", "application/json")
          .send(JSON.stringify(body))
          .expect(400);
        expect(rejection.body).to.deep.include({ scimType, status: "400" });
        expect(rejection.body.detail).to.contain(named);
        expect(Object.keys(Object.prototype)).to.deep.equal([]);
      });
    }
  });

  describe("RFC 7644 3.4.1: read", () => {
    it("returns 304 for the current version", async () => {
      const { id } = await createUser();
      await scim.get(`/scim/v2/Users/${id}`).set("If-None-Match", 'W/"1"').expect(304);
      await scim.get(`/scim/v2/Users/${id}`).set("If-None-Match", 'W/"2"').expect(200);
    });

    it("returns 404 with a SCIM Error for any unknown id", async () => {
      for (const id of ["usr_0", "a%22b", "%27%20or%201=1", "x".repeat(1000), "%00"]) {
        const missing = await scim.get(`/scim/v2/Users/${id}`).expect(404);
        expect(missing.body.schemas).to.deep.equal(["urn:ietf:params:scim:api:messages:2.0:Error"]);
      }
    });

    it("returns the requested attributes, and always id and schemas", async () => {
      const { id } = await createUser({ title: "Countess" });
      const { body } = await scim.get(`/scim/v2/Users/${id}?attributes=TITLE,${userUrn}:userName`).expect(200);
      expect(Object.keys(body).sort()).to.deep.equal(["id", "schemas", "title", "userName"]);
      const without = await scim.get(`/scim/v2/Users/${id}?excludedAttributes=title,id`).expect(200);
      expect(without.body).to.not.have.property("title");
      expect(without.body).to.have.property("id", id);
    });
  });

  describe("RFC 7644 3.5.1: replace", () => {
    it("replaces all attributes and increments the version", async () => {
      const { id } = await createUser({ title: "Countess", emails: [{ value: "a@example.com", type: "work" }] });
      const response = await scim
        .put(`/scim/v2/Users/${id}`)
        .send(buildUser({ nickName: "Ada" }))
        .expect(200);
      expect(response.body).to.not.have.any.keys("title", "emails");
      expect(response.body).to.have.property("nickName", "Ada");
      expect(response.headers["etag"]).to.equal('W/"2"');
    });

    it("keeps the version if nothing changes", async () => {
      const user = await createUser();
      const again = await scim.put(`/scim/v2/Users/${user.id}`).send(user).expect(200);
      expect(again.body).to.deep.equal(user);
    });

    it("returns 412 if If-None-Match matches", async () => {
      const { id } = (await scim.post("/scim/v2/Users").send(buildUser()).expect(201)).body;
      for (const field of ["*", 'W/"1"', 'W/"7", W/"1"']) {
        await scim.put(`/scim/v2/Users/${id}`).set("If-None-Match", field).send(buildUser()).expect(412);
        await scim.delete(`/scim/v2/Users/${id}`).set("If-None-Match", field).expect(412);
      }
      await scim.delete(`/scim/v2/Users/${id}`).set("If-None-Match", 'W/"7"').expect(204);
    });

    it("returns 412 for a stale If-Match and keeps the stored user", async () => {
      const user = await createUser();
      for (const tag of ['W/"7"', '"x"', "nonsense"]) {
        await scim.put(`/scim/v2/Users/${user.id}`).set("If-Match", tag).send(buildUser()).expect(412);
      }
      expect((await scim.get(`/scim/v2/Users/${user.id}`)).body).to.deep.equal(user);
      await scim.put(`/scim/v2/Users/${user.id}`).set("If-Match", 'W/"1"').send(buildUser()).expect(200);
    });
  });

  describe("RFC 7644 3.5.2: patch", () => {
    for (const [form, operation] of Object.entries({
      "a path": { op: "replace", path: "active", value: false },
      "no path": { op: "replace", value: { active: false } },
      "a capitalized operation and a string (Entra ID)": { op: "Replace", path: "active", value: "False" },
      "a URN-qualified path": { op: "replace", path: `${userUrn}:active`, value: false },
      "a value without a path (Okta)": { op: "replace", value: { active: false } },
    })) {
      it(`deactivates by ${form} and returns 200 with the user`, async () => {
        const { id } = await createUser();
        const { body } = await patch(id, operation).expect(200);
        expect(body).to.deep.include({ id, active: false });
        expect((await scim.get(`/scim/v2/Users/${id}`)).body.active).to.equal(false);
      });
    }

    it("sets attributes, sub-attributes and extension attributes, and keeps the others", async () => {
      const { id } = await createUser({ name: { familyName: "King" }, title: "Countess" });
      const { body } = await patch(
        id,
        { op: "replace", path: "name.givenName", value: "Ada" },
        { op: "add", path: `${enterpriseUrn}:department`, value: "Engines" },
        { op: "remove", path: "title" },
      ).expect(200);
      expect(body.name).to.deep.equal({ familyName: "King", givenName: "Ada" });
      expect(body[enterpriseUrn]).to.deep.equal({ department: "Engines" });
      expect(body).to.not.have.property("title");
    });

    it("adds to a multi-valued attribute without duplicates, and replaces it completely", async () => {
      const { id } = await createUser({ emails: [{ value: "a@example.com" }] });
      const emails = [{ value: "a@example.com" }, { value: "b@example.com" }];
      expect((await patch(id, { op: "add", path: "emails", value: emails })).body.emails).to.deep.equal(emails);
      const one = [{ value: "c@example.com" }];
      expect((await patch(id, { op: "replace", value: { emails: one } })).body.emails).to.deep.equal(one);
    });

    it("changes nothing if one operation is invalid", async () => {
      const user = await createUser();
      await patch(
        user.id,
        { op: "replace", path: "title", value: "x" },
        { op: "replace", path: "nope", value: 1 },
      ).expect(400);
      expect((await scim.get(`/scim/v2/Users/${user.id}`)).body).to.deep.equal(user);
    });

    it("keeps attributes that a response omits", async () => {
      const { id } = await createUser({ title: "Countess" });
      await scim
        .patch(`/scim/v2/Users/${id}?attributes=userName`)
        .send({ schemas: [patchUrn], Operations: [{ op: "replace", path: "nickName", value: "Ada" }] })
        .expect(200);
      expect((await scim.get(`/scim/v2/Users/${id}`)).body).to.deep.include({ title: "Countess", nickName: "Ada" });
    });

    const wrong: Record<string, [operation: object, scimType: string, status: number]> = {
      "an unknown operation": [{ op: "move", path: "title" }, "invalidSyntax", 400],
      "an unknown attribute": [{ op: "replace", path: "shoeSize", value: 44 }, "invalidPath", 400],
      "a path that every object inherits": [{ op: "replace", path: "toString", value: "x" }, "invalidPath", 400],
      "a path below a name that every object inherits": [
        { op: "replace", path: "valueOf.length", value: 1 },
        "invalidPath",
        400,
      ],
      "a read-only attribute": [{ op: "replace", path: "meta", value: {} }, "mutability", 400],
      "a path to another id": [{ op: "replace", path: "id", value: "usr_other" }, "mutability", 400],
      "removal of a required attribute": [{ op: "remove", path: "userName" }, "mutability", 400],
      "a wrong type": [{ op: "replace", path: "active", value: "maybe" }, "invalidValue", 400],
      "remove without a path": [{ op: "remove" }, "noTarget", 400],
      "add without a value": [{ op: "add", path: "title" }, "invalidValue", 400],
      "a filter that selects nothing": [
        { op: "replace", path: 'emails[type eq "work"].value', value: "x" },
        "noTarget",
        400,
      ],
    };
    for (const [description, [operation, scimType, status]] of Object.entries(wrong)) {
      it(`rejects ${description} with ${scimType}`, async () => {
        const user = await createUser();
        const rejection = await patch(user.id, operation).expect(status);
        expect(rejection.body.scimType).to.equal(scimType);
        expect((await scim.get(`/scim/v2/Users/${user.id}`)).body).to.deep.equal(user);
      });
    }

    it("rejects an invalid PatchOp message and operations that are null", async () => {
      const { id } = await createUser();
      for (const body of [
        {},
        { schemas: [userUrn], Operations: [] },
        { schemas: [patchUrn] },
        { schemas: [patchUrn], Operations: [null] },
      ]) {
        expect((await scim.patch(`/scim/v2/Users/${id}`).send(body).expect(400)).body.scimType).to.equal(
          "invalidSyntax",
        );
      }
    });

    it("keeps all of 20 concurrent changes", async () => {
      const { id } = await createUser();
      const attributes = ["title", "nickName", "locale", "timezone", "userType"];
      await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          patch(id, { op: "replace", path: attributes[at % 5], value: `v${Math.floor(at / 5)}` }).expect(200),
        ),
      );
      const { body } = await scim.get(`/scim/v2/Users/${id}`);
      expect(attributes.map((each) => typeof body[each])).to.deep.equal(Array(5).fill("string"));
      expect(body.meta.version).to.equal('W/"21"');
    });
  });

  describe("RFC 7644 3.6: delete", () => {
    it("returns 204, and then 404 for every request", async () => {
      const { id } = await createUser();
      await scim.delete(`/scim/v2/Users/${id}`).set("If-Match", 'W/"9"').expect(412);
      await scim.delete(`/scim/v2/Users/${id}`).expect(204);
      await scim.get(`/scim/v2/Users/${id}`).expect(404);
      await scim.delete(`/scim/v2/Users/${id}`).expect(404);
      await patch(id, { op: "replace", path: "active", value: true }).expect(404);
    });

    it("removes the user's memberships and increments the versions of the groups", async () => {
      const { id } = await createUser();
      const group = await scim.post("/scim/v2/Groups").send({ displayName: `of ${id}`, members: [{ value: id }] });
      await scim.delete(`/scim/v2/Users/${id}`).expect(204);
      const after = await scim.get(`/scim/v2/Groups/${group.body.id}`).expect(200);
      expect(after.body).to.not.have.property("members");
      expect(after.body.meta.version).to.equal('W/"2"');
    });
  });

  describe("personal tokens", () => {
    for (const [change, act] of Object.entries({
      deactivated: (id: string) => patch(id, { op: "replace", path: "active", value: false }).expect(200),
      deleted: (id: string) => scim.delete(`/scim/v2/Users/${id}`).expect(204),
    })) {
      it(`are rejected at once and permanently after the user is ${change}`, async () => {
        const { id } = await createUser();
        const personal = service.clientWithSecret(
          (await service.issueToken({ scopes: ["connect:read"], type: "agent", userId: id })).secret,
        );
        await personal.get("/api/whoami").expect(200);
        await act(id);
        await personal.get("/api/whoami").expect(401);
        if (change === "deactivated") await patch(id, { op: "replace", path: "active", value: true }).expect(200);
        await personal.get("/api/whoami").expect(401);
      });
    }
  });

  it("writes an audit event for every change, with actor, action, before and after", async () => {
    const user = await createUser({ title: "old" });
    await patch(user.id, { op: "replace", path: "title", value: "new" });
    await scim.delete(`/scim/v2/Users/${user.id}`);
    const { items } = await service.store
      .for(service.organizationId)
      .open(auditEvents)
      .list({ where: { op: "eq", path: "target.id", value: user.id }, limit: 10 });
    expect(items.map(({ action }) => action)).to.have.members(["user.create", "user.update", "user.delete"]);
    const update = items.find(({ action }) => action === "user.update");
    expect(update?.before).to.deep.include({ title: "old" });
    expect(update?.after).to.deep.include({ title: "new" });
    expect(update).to.deep.include({ outcome: "success", ip: "127.0.0.1" });
    expect(update?.actor).to.deep.include({ type: "token", name: "test" });
  });
});
