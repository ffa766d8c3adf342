import { expect } from "chai";
import { auditEvents, users } from "../../../src/store/collections.ts";
import { engines } from "../../store/engines.ts";
import { type Agent, enterpriseUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";

for (const { name, open } of engines) {
  describe(`/scim/v2/Users on ${name}`, () => {
    let service: Service;
    let scim: Agent;
    before(async () => {
      service = await startService({ open });
      scim = await service.as(["admin:scim"]);
    });
    after(() => service.dispose());

    let number = 0;
    const aUser = (more: object = {}) => ({ schemas: [userUrn], userName: `user${++number}@example.com`, ...more });
    const created = async (more: object = {}) => (await scim.post("/scim/v2/Users").send(aUser(more)).expect(201)).body;
    const patch = (id: string, ...Operations: object[]) =>
      scim.patch(`/scim/v2/Users/${id}`).send({ schemas: [patchUrn], Operations });

    describe("RFC 7644 3.3 creating", () => {
      it("answers 201 with the resource, its Location and its ETag", async () => {
        const answer = await scim
          .post("/scim/v2/Users")
          .set("Content-Type", "application/scim+json")
          .send(JSON.stringify(aUser({ name: { givenName: "Ada" }, [enterpriseUrn]: { department: "Engines" } })))
          .expect(201);
        const { id, meta } = answer.body;
        expect(answer.headers["content-type"]).to.equal("application/scim+json");
        expect(answer.headers["location"]).to.equal(`https://gatehouse.example/scim/v2/Users/${id}`);
        expect(answer.headers["etag"]).to.equal('W/"1"');
        expect(meta).to.deep.include({ resourceType: "User", version: 'W/"1"', location: answer.headers["location"] });
        expect(answer.body).to.deep.include({ active: true, name: { givenName: "Ada" } });
        expect(answer.body[enterpriseUrn]).to.deep.equal({ department: "Engines" });
        expect(answer.body.schemas).to.deep.equal([userUrn, enterpriseUrn]);
        expect((await scim.get(`/scim/v2/Users/${id}`).expect(200)).body).to.deep.equal(answer.body);
      });

      it("keeps userName unique in any letter case and any Unicode form", async () => {
        await created({ userName: "Ångström@example.com" });
        for (const userName of ["ÅNGSTRÖM@EXAMPLE.COM", "A\u030angstro\u0308m@example.com"]) {
          const refused = await scim.post("/scim/v2/Users").send(aUser({ userName })).expect(409);
          expect(refused.body).to.deep.include({ status: "409", scimType: "uniqueness" });
          expect(refused.body.detail).to.contain("userName").and.not.contain("folded");
        }
      });

      it("never keeps a password", async () => {
        const user = await created({ password: "correct horse" });
        expect(JSON.stringify(user)).to.not.contain("correct horse");
        const stored = await service.store.for(service.organizationId).open(users).get(user.id);
        expect(JSON.stringify(stored)).to.not.contain("correct horse");
      });

      const wrong: Record<string, [body: unknown, scimType: string, named: string]> = {
        "no userName": [{ schemas: [userUrn] }, "invalidValue", "userName"],
        "an empty userName": [{ schemas: [userUrn], userName: " " }, "invalidValue", "userName"],
        "a userName that is a number": [{ schemas: [userUrn], userName: 5 }, "invalidValue", "userName"],
        "active that is no boolean": [{ schemas: [userUrn], userName: "x", active: "maybe" }, "invalidValue", "active"],
        "an element that is null": [{ schemas: [userUrn], userName: "x", emails: [null] }, "invalidValue", "emails"],
        "two primary e-mails": [
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
        "a text": ["x", "invalidSyntax", "object"],
        "a poisonous key": [JSON.parse('{"__proto__":{"x":1},"userName":"x"}'), "invalidSyntax", "key"],
        "a poisonous part of a key": [{ [`${enterpriseUrn}:__proto__.x`]: "x", userName: "x" }, "invalidSyntax", "key"],
      };
      for (const [what, [body, scimType, named]] of Object.entries(wrong)) {
        it(`refuses ${what} with ${scimType}, naming it`, async () => {
          const refused = await scim
            .post("/scim/v2/Users")
            .set("Content-Type", "application/json")
            .send(JSON.stringify(body))
            .expect(400);
          expect(refused.body).to.deep.include({ scimType, status: "400" });
          expect(refused.body.detail).to.contain(named);
          expect(({} as Record<string, unknown>)["x"]).to.equal(undefined);
        });
      }
    });

    describe("RFC 7644 3.4.1 reading", () => {
      it("answers 304 to who holds the version already", async () => {
        const { id } = await created();
        await scim.get(`/scim/v2/Users/${id}`).set("If-None-Match", 'W/"1"').expect(304);
        await scim.get(`/scim/v2/Users/${id}`).set("If-None-Match", 'W/"2"').expect(200);
      });

      it("answers 404 with a SCIM Error for an id that was never given out, whatever it looks like", async () => {
        for (const id of ["usr_0", "a%22b", "%27%20or%201=1", "x".repeat(1000), "%00"]) {
          const missing = await scim.get(`/scim/v2/Users/${id}`).expect(404);
          expect(missing.body.schemas).to.deep.equal(["urn:ietf:params:scim:api:messages:2.0:Error"]);
        }
      });

      it("shows what attributes names, and id and schemas always", async () => {
        const { id } = await created({ title: "Countess" });
        const { body } = await scim.get(`/scim/v2/Users/${id}?attributes=TITLE,${userUrn}:userName`).expect(200);
        expect(Object.keys(body).sort()).to.deep.equal(["id", "schemas", "title", "userName"]);
        const without = await scim.get(`/scim/v2/Users/${id}?excludedAttributes=title,id`).expect(200);
        expect(without.body).to.not.have.property("title");
        expect(without.body).to.have.property("id", id);
      });
    });

    describe("RFC 7644 3.5.1 replacing", () => {
      it("replaces all attributes, and raises the version", async () => {
        const { id } = await created({ title: "Countess", emails: [{ value: "a@example.com", type: "work" }] });
        const answer = await scim
          .put(`/scim/v2/Users/${id}`)
          .send(aUser({ nickName: "Ada" }))
          .expect(200);
        expect(answer.body).to.not.have.any.keys("title", "emails");
        expect(answer.body).to.have.property("nickName", "Ada");
        expect(answer.headers["etag"]).to.equal('W/"2"');
      });

      it("changes nothing, not even the version, when nothing differs", async () => {
        const user = await created();
        const again = await scim.put(`/scim/v2/Users/${user.id}`).send(user).expect(200);
        expect(again.body).to.deep.equal(user);
      });

      it("answers 412 to who changes only what is not there, or is not that version (If-None-Match)", async () => {
        const { id } = (await scim.post("/scim/v2/Users").send(aUser()).expect(201)).body;
        for (const field of ["*", 'W/"1"', 'W/"7", W/"1"']) {
          await scim.put(`/scim/v2/Users/${id}`).set("If-None-Match", field).send(aUser()).expect(412);
          await scim.delete(`/scim/v2/Users/${id}`).set("If-None-Match", field).expect(412);
        }
        await scim.delete(`/scim/v2/Users/${id}`).set("If-None-Match", 'W/"7"').expect(204);
      });

      it("answers 412 to who changes another version than the stored one, and keeps what is stored", async () => {
        const user = await created();
        for (const tag of ['W/"7"', '"x"', "nonsense"]) {
          await scim.put(`/scim/v2/Users/${user.id}`).set("If-Match", tag).send(aUser()).expect(412);
        }
        expect((await scim.get(`/scim/v2/Users/${user.id}`)).body).to.deep.equal(user);
        await scim.put(`/scim/v2/Users/${user.id}`).set("If-Match", 'W/"1"').send(aUser()).expect(200);
      });
    });

    describe("RFC 7644 3.5.2 patching", () => {
      for (const [form, operation] of Object.entries({
        "a path": { op: "replace", path: "active", value: false },
        "no path": { op: "replace", value: { active: false } },
        "capitals and a text (Entra)": { op: "Replace", path: "active", value: "False" },
        "a URN-qualified path": { op: "replace", path: `${userUrn}:active`, value: false },
        "the id beside (Okta)": { op: "replace", value: { active: false } },
      })) {
        it(`deactivates by ${form}, answering 200 with the user`, async () => {
          const { id } = await created();
          const { body } = await patch(id, operation).expect(200);
          expect(body).to.deep.include({ id, active: false });
          expect((await scim.get(`/scim/v2/Users/${id}`)).body.active).to.equal(false);
        });
      }

      it("sets attributes, sub-attributes and those of the extension, and leaves the rest", async () => {
        const { id } = await created({ name: { familyName: "King" }, title: "Countess" });
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

      it("adds to a multi-valued attribute without doubling, and replaces it whole", async () => {
        const { id } = await created({ emails: [{ value: "a@example.com" }] });
        const emails = [{ value: "a@example.com" }, { value: "b@example.com" }];
        expect((await patch(id, { op: "add", path: "emails", value: emails })).body.emails).to.deep.equal(emails);
        const one = [{ value: "c@example.com" }];
        expect((await patch(id, { op: "replace", value: { emails: one } })).body.emails).to.deep.equal(one);
      });

      it("writes nothing when one of the operations is wrong", async () => {
        const user = await created();
        await patch(
          user.id,
          { op: "replace", path: "title", value: "x" },
          { op: "replace", path: "nope", value: 1 },
        ).expect(400);
        expect((await scim.get(`/scim/v2/Users/${user.id}`)).body).to.deep.equal(user);
      });

      it("keeps every attribute that an answer does not show", async () => {
        const { id } = await created({ title: "Countess" });
        await scim
          .patch(`/scim/v2/Users/${id}?attributes=userName`)
          .send({ schemas: [patchUrn], Operations: [{ op: "replace", path: "nickName", value: "Ada" }] })
          .expect(200);
        expect((await scim.get(`/scim/v2/Users/${id}`)).body).to.deep.include({ title: "Countess", nickName: "Ada" });
      });

      const wrong: Record<string, [operation: object, scimType: string, status: number]> = {
        "an unknown operation": [{ op: "move", path: "title" }, "invalidSyntax", 400],
        "an unknown attribute": [{ op: "replace", path: "shoeSize", value: 44 }, "invalidPath", 400],
        "a poisonous path": [{ op: "replace", path: "__proto__.x", value: 1 }, "invalidPath", 400],
        "a path into a constructor": [{ op: "replace", path: "constructor.prototype", value: 1 }, "invalidPath", 400],
        "a read-only attribute": [{ op: "replace", path: "meta", value: {} }, "mutability", 400],
        "another id": [{ op: "replace", value: { id: "usr_other" } }, "mutability", 400],
        "the loss of a required attribute": [{ op: "remove", path: "userName" }, "mutability", 400],
        "a wrong type": [{ op: "replace", path: "active", value: "maybe" }, "invalidValue", 400],
        "remove without a path": [{ op: "remove" }, "noTarget", 400],
        "add without a value": [{ op: "add", path: "title" }, "invalidValue", 400],
        "a filter that finds nothing": [
          { op: "replace", path: 'emails[type eq "work"].value', value: "x" },
          "noTarget",
          400,
        ],
      };
      for (const [what, [operation, scimType, status]] of Object.entries(wrong)) {
        it(`refuses ${what} with ${scimType}`, async () => {
          const user = await created();
          const refused = await patch(user.id, operation).expect(status);
          expect(refused.body.scimType).to.equal(scimType);
          expect((await scim.get(`/scim/v2/Users/${user.id}`)).body).to.deep.equal(user);
        });
      }

      it("refuses what is no PatchOp message, and null operations", async () => {
        const { id } = await created();
        for (const body of [
          {},
          { Operations: [] },
          { schemas: [patchUrn] },
          { schemas: [patchUrn], Operations: [null] },
        ]) {
          expect((await scim.patch(`/scim/v2/Users/${id}`).send(body).expect(400)).body.scimType).to.equal(
            "invalidSyntax",
          );
        }
      });

      it("loses none of 20 changes made at once", async () => {
        const { id } = await created();
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

    describe("RFC 7644 3.6 deleting", () => {
      it("answers 204, then 404 to everything", async () => {
        const { id } = await created();
        await scim.delete(`/scim/v2/Users/${id}`).set("If-Match", 'W/"9"').expect(412);
        await scim.delete(`/scim/v2/Users/${id}`).expect(204);
        await scim.get(`/scim/v2/Users/${id}`).expect(404);
        await scim.delete(`/scim/v2/Users/${id}`).expect(404);
        await patch(id, { op: "replace", path: "active", value: true }).expect(404);
      });

      it("ends the user's memberships and raises the version of the groups", async () => {
        const { id } = await created();
        const group = await scim.post("/scim/v2/Groups").send({ displayName: `of ${id}`, members: [{ value: id }] });
        await scim.delete(`/scim/v2/Users/${id}`).expect(204);
        const after = await scim.get(`/scim/v2/Groups/${group.body.id}`).expect(200);
        expect(after.body).to.not.have.property("members");
        expect(after.body.meta.version).to.equal('W/"2"');
      });
    });

    describe("personal tokens", () => {
      for (const [how, act] of Object.entries({
        deactivated: (id: string) => patch(id, { op: "replace", path: "active", value: false }).expect(200),
        deleted: (id: string) => scim.delete(`/scim/v2/Users/${id}`).expect(204),
      })) {
        it(`die at once with a user who is ${how}, and stay dead`, async () => {
          const { id } = await created();
          const personal = service.with(
            (await service.issue({ scopes: ["connect:read"], type: "agent", userId: id })).secret,
          );
          await personal.get("/api/whoami").expect(200);
          await act(id);
          await personal.get("/api/whoami").expect(401);
          if (how === "deactivated") await patch(id, { op: "replace", path: "active", value: true }).expect(200);
          await personal.get("/api/whoami").expect(401);
        });
      }
    });

    it("every change has its audit event, with who, what, before and after", async () => {
      const user = await created({ title: "old" });
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
}
