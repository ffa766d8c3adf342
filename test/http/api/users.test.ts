import { expect } from "chai";
import { auditEvents } from "../../../src/store/collections.ts";
import { engines } from "../../store/engines.ts";
import { type Agent, enterpriseUrn, type Service, startService } from "../../support/service.ts";
import { pointers } from "./pointers.ts";

/** What users promise besides what every resource does. */
for (const { name: engine, open } of engines) {
  describe(`/api/users on ${engine}`, () => {
    let service: Service;
    let admin: Agent;
    let scim: Agent;
    before(async () => {
      service = await startService({ open });
      admin = await service.as(["admin:write"]);
      scim = await service.as(["admin:scim"]);
    });
    after(() => service.dispose());

    let number = 0;
    const aName = (): string => `user${++number}@example.com`;
    const made = async (more: object = {}) =>
      (
        await admin
          .post("/api/users")
          .send({ userName: aName(), ...more })
          .expect(201)
      ).body;
    const get = async (id: string) => (await admin.get(`/api/users/${id}`).expect(200)).body;
    const lastEventOf = async (id: string) => {
      const { items } = await service.store.for(service.organizationId).open(auditEvents).list({ limit: 10_000 });
      return items.filter(({ target }) => target?.id === id).at(-1);
    };

    describe("attributes", () => {
      const full = {
        displayName: "Ada Lovelace",
        externalId: "e-1",
        active: false,
        name: { givenName: "Ada", familyName: "Lovelace" },
        emails: [{ value: "ada@example.com", type: "work", primary: true }, { value: "a@home.example" }],
        enterpriseUser: { department: "Engines", manager: { value: "usr_of_somebody" } },
      };

      it("are SCIM's own, flat, with the enterprise extension under enterpriseUser", async () => {
        const user = await made(full);
        expect(user).to.deep.include(full);
        expect(Object.keys(user)).to.include.members(["id", "version", "createdAt", "updatedAt"]);
        const { enterpriseUser, ...core } = full;
        const { body } = await scim.get(`/scim/v2/Users/${user.id}`).expect(200);
        expect(body).to.deep.include({ ...core, [enterpriseUrn]: enterpriseUser });
        expect(body).to.not.have.any.keys("managedBy", "enterpriseUser");
      });

      it("say nothing where they are empty, as in SCIM (RFC 7643 section 2.5)", async () => {
        const user = await made({ emails: [], name: {}, enterpriseUser: {} });
        expect(user).to.not.have.any.keys("emails", "name", "enterpriseUser");
      });

      const primaries = [
        { value: "a@x", primary: true },
        { value: "b@x", primary: true },
      ];
      const refused: Record<string, [body: object, pointer: string]> = {
        "no userName": [{ userName: undefined }, "/userName"],
        "an empty userName": [{ userName: " " }, "/userName"],
        "a boolean as a text": [{ active: "true" }, "/active"],
        "an attribute that is null": [{ title: null }, "/title"],
        "an extension that is null": [{ enterpriseUser: null }, "/enterpriseUser"],
        "an element that is null": [{ emails: [null] }, "/emails/0"],
        "an element as a text": [{ roles: ["admin"] }, "/roles/0"],
        "the manager as a text": [{ enterpriseUser: { manager: "usr_1" } }, "/enterpriseUser/manager"],
        "the manager's name": [
          { enterpriseUser: { manager: { value: "usr_1", displayName: "Boss" } } },
          "/enterpriseUser/manager/displayName",
        ],
        "a wrong type within an element": [{ emails: [{ value: "a@x" }, { value: 5 }] }, "/emails/1/value"],
        "two primary elements": [{ emails: primaries }, "/emails"],
        "too many elements": [{ emails: Array.from({ length: 101 }, (_, at) => ({ value: `${at}@x` })) }, "/emails"],
        "what is not base64": [{ x509Certificates: [{ value: "!" }] }, "/x509Certificates/0/value"],
        "a part that is too long": [{ name: { givenName: "x".repeat(1025) } }, "/name/givenName"],
        "a part of the extension that is too long": [
          { enterpriseUser: { department: "x".repeat(1025) } },
          "/enterpriseUser/department",
        ],
        "another letter case of a name": [{ DisplayName: "x" }, "/DisplayName"],
        "the extension under its URN": [{ [enterpriseUrn]: { department: "x" } }, `/${enterpriseUrn}`],
        "a password": [{ password: "correct horse" }, "/password"],
        "memberships, which are the groups'": [{ groups: [] }, "/groups"],
        "SCIM's meta": [{ meta: {} }, "/meta"],
        "an unknown part": [{ name: { colour: "red" } }, "/name/colour"],
      };
      for (const [what, [body, pointer]] of Object.entries(refused)) {
        it(`400 at ${pointer} for ${what}, in POST, PUT and PATCH alike`, async () => {
          const userName = aName();
          const answers = [
            await admin.post("/api/users").send({ userName, ...body }),
            await admin.put(`/api/users/${userName}`).send({ userName: undefined, ...body }),
          ];
          const isRemoval = Object.values(body).some((value) => value === null || value === undefined);
          if (!isRemoval) answers.push(await admin.patch(`/api/users/${(await made()).id}`).send(body));
          if (what === "no userName") answers.pop(); // PUT has the one in the path
          for (const answer of answers) {
            expect(answer.status).to.equal(400);
            expect(pointers(answer)).to.include(pointer);
          }
          await admin.get(`/api/users/${userName}`).expect(what === "no userName" ? 200 : 404);
        });
      }

      it("413 for more than any person has to say of themselves", async () => {
        const photos = Array.from({ length: 100 }, () => ({ value: `https://${"x".repeat(1000)}.example` }));
        await admin.post("/api/users").send({ userName: aName(), photos }).expect(413);
      });

      it("400 for keys that could reach a prototype, wherever they stand; nothing is polluted", async () => {
        for (const body of [
          '{"userName":"p","__proto__":{"active":true}}',
          '{"userName":"p","name":{"constructor":{"x":1}}}',
          '{"userName":"p","enterpriseUser":{"__proto__":{"x":1}}}',
        ]) {
          for (const request of [admin.post("/api/users"), admin.patch(`/api/users/${(await made()).id}`)]) {
            await request.set("Content-Type", "application/json").send(body).expect(400);
          }
        }
        expect(({} as Record<string, unknown>)["x"]).to.equal(undefined);
        await admin.get("/api/users").query("__proto__[x]=1").expect(400);
        for (const name of ["__proto__", "constructor", "toString"]) {
          await admin.get(`/api/users/${name}`).expect(404);
          expect(pointers(await admin.get("/api/users").query(`${name}=1`).expect(400))).to.deep.equal([`/${name}`]);
        }
      });
    });

    describe("names in the path", () => {
      it("are userNames in any letter case and any characters, percent-encoded", async () => {
        for (const userName of ["Ångström/Å?#%@example.com", "a b+c", "usr_no-id", "__proto__"]) {
          const user = await made({ userName });
          for (const name of [userName, userName.toUpperCase(), userName.toLowerCase()]) {
            expect(await get(encodeURIComponent(name))).to.deep.equal(user);
          }
        }
      });

      it("that have the form of an id are ids: nobody's userName takes the place of another's id", async () => {
        const victim = await made();
        const impostor = await made({ userName: victim.id });
        expect((await get(victim.id)).id).to.equal(victim.id);
        await admin.delete(`/api/users/${victim.id}`).expect(204);
        await admin.get(`/api/users/${victim.id}`).expect(404);
        await admin.put(`/api/users/${victim.id}`).send({ userName: victim.id }).expect(404);
        expect((await get(impostor.id)).userName).to.equal(victim.id);
      });

      it("that cannot be a userName are refused by PUT, and name nobody", async () => {
        for (const name of ["%20", "a%00b", "x".repeat(1025)]) {
          expect(pointers(await admin.put(`/api/users/${name}`).send({}).expect(400))).to.deep.equal(["/userName"]);
          await admin.get(`/api/users/${name}`).expect(404);
        }
        await admin.get("/api/users/%ED%A0%80").expect(400);
      });
    });

    describe("PUT", () => {
      it("by userName takes it from the path, and keeps its spelling where there is one", async () => {
        const { body } = await admin.put("/api/users/Grace@example.com").send({ title: "Admiral" }).expect(201);
        expect(body).to.deep.include({ userName: "Grace@example.com", active: true });
        const again = await admin.put("/api/users/GRACE@example.com").send({ title: "Admiral" }).expect(200);
        expect(again.body).to.deep.equal(body);
        const respelt = await admin.put("/api/users/grace@example.com").send({ userName: "GRACE@example.com" });
        expect(respelt.body).to.deep.include({ id: body.id, userName: "GRACE@example.com", version: 2 });
        expect(respelt.body).to.not.have.property("title");
      });

      it("refuses a userName in the body that is not the one in the path", async () => {
        const answer = await admin.put(`/api/users/${aName()}`).send({ userName: "other@example.com" }).expect(400);
        expect(pointers(answer)).to.deep.equal(["/userName"]);
      });

      it("by id only replaces, and may give another userName", async () => {
        const user = await made({ title: "Dr" });
        const renamed = await admin
          .put(`/api/users/${user.id}`)
          .send({ userName: `new-${user.userName}` })
          .expect(200);
        expect(renamed.body).to.deep.include({ id: user.id, userName: `new-${user.userName}` });
        const taken = await admin
          .put(`/api/users/${(await made()).id}`)
          .send({ userName: `NEW-${user.userName}` })
          .expect(409);
        expect(pointers(taken)).to.deep.equal(["/userName"]);
      });

      it("without active brings nobody back", async () => {
        const user = await made({ active: false });
        const { body } = await admin
          .put(`/api/users/${user.id}`)
          .send({ userName: user.userName, title: "x" })
          .expect(200);
        expect(body).to.deep.include({ active: false, title: "x" });
      });

      it("with If-Match makes nobody", async () => {
        await admin.put(`/api/users/${aName()}`).set("If-Match", '"1"').send({}).expect(412);
      });

      it("of one new name by many at once: one makes the user, the others find it", async () => {
        const name = aName();
        const puts = await Promise.all(Array.from({ length: 10 }, () => admin.put(`/api/users/${name}`).send({})));
        expect(puts.map(({ status }) => status).sort()).to.deep.equal([...Array.from({ length: 9 }, () => 200), 201]);
        expect(new Set(puts.map(({ body }) => `${body.id} ${body.version}`)).size).to.equal(1);
      });
    });

    describe("PATCH", () => {
      it("merges parts, replaces lists, and takes away what is null", async () => {
        const user = await made({
          title: "Dr",
          name: { givenName: "Ada", familyName: "L" },
          emails: [{ value: "a@x", primary: true }, { value: "b@x" }],
          enterpriseUser: { department: "Engines", costCenter: "9" },
        });
        const { body } = await admin
          .patch(`/api/users/${user.userName}`)
          .send({
            title: null,
            name: { familyName: null },
            emails: [{ value: "c@x" }],
            enterpriseUser: { costCenter: null, manager: { value: "usr_1" } },
          })
          .expect(200);
        expect(body).to.not.have.property("title");
        expect(body).to.deep.include({
          name: { givenName: "Ada" },
          emails: [{ value: "c@x" }],
          enterpriseUser: { department: "Engines", manager: { value: "usr_1" } },
          version: 2,
        });
        const emptied = await admin
          .patch(`/api/users/${user.id}`)
          .send({ name: { givenName: null } })
          .expect(200);
        expect(emptied.body).to.not.have.property("name");
      });

      it("cannot take away what a user always has", async () => {
        const { id } = await made();
        for (const field of ["userName", "active"]) {
          const answer = await admin
            .patch(`/api/users/${id}`)
            .send({ [field]: null })
            .expect(400);
          expect(pointers(answer)).to.deep.equal([`/${field}`]);
        }
      });

      it("ignores what the service keeps, and changes nothing where nothing differs", async () => {
        const user = await made({ title: "Dr" });
        const sent = { ...user, id: "usr_other", version: 99, createdAt: "then", managedBy: "me" };
        expect((await admin.patch(`/api/users/${user.id}`).send(sent).expect(200)).body).to.deep.equal(user);
      });

      it("that deactivates somebody ends the personal tokens at once", async () => {
        const user = await made();
        const { secret } = await service.issue({ scopes: ["connect:read"], userId: user.id });
        await service.with(secret).get("/api/whoami").expect(200);
        await admin.patch(`/api/users/${user.id}`).send({ active: false }).expect(200);
        await service.with(secret).get("/api/whoami").expect(401);
        expect((await lastEventOf(user.id))?.action).to.equal("user.deactivate");
      });
    });

    describe("lists", () => {
      it("are asked by userName, email, externalId and active, alone or together", async () => {
        const emails = [{ value: "First@list.example" }, { value: "second@list.example", primary: true }];
        const one = await made({ userName: "List@example.com", emails, externalId: "Ext", active: false });
        await made({ externalId: "ext" });
        const found = async (query: object) =>
          (await admin.get("/api/users").query(query).expect(200)).body.data.map(({ id }: { id: string }) => id);
        for (const query of [
          { userName: "LIST@example.com" },
          { email: "FIRST@LIST.example" },
          { email: "second@list.example" },
          { externalId: "Ext" },
          { externalId: "Ext", active: "false", userName: "list@example.com", email: "first@list.example" },
        ]) {
          expect(await found(query), JSON.stringify(query)).to.deep.equal([one.id]);
        }
        expect(await found({ externalId: "Ext", active: "true" })).to.deep.equal([]);
        expect(await found({ userName: "list@example" })).to.deep.equal([]);
        expect(await found({ active: "false" })).to.include(one.id);
      });

      it("refuse parameters that they do not know, that are there twice, or that are no value", async () => {
        for (const [query, pointer] of [
          ["username=x", "/username"],
          ["userName=a&userName=b", "/userName"],
          ["userName[$ne]=x", "/userName[$ne]"],
          ["active=yes", "/active"],
          ["managedBy=scim", "/managedBy"],
        ] as const) {
          expect(pointers(await admin.get("/api/users").query(query).expect(400)), query).to.deep.equal([pointer]);
        }
        await admin
          .get(`/api/users/${(await made()).id}`)
          .query({ override: true })
          .expect(400);
      });

      it("do not take each other's cursors", async () => {
        for (const externalId of ["same", "other"]) await Promise.all([made({ externalId }), made({ externalId })]);
        const { body } = await admin.get("/api/users").query({ externalId: "same", limit: 1 }).expect(200);
        const cursor = body.pagination.nextCursor;
        await admin.get("/api/users").query({ externalId: "same", limit: 1, cursor }).expect(200);
        await admin.get("/api/users").query({ externalId: "other", limit: 1, cursor }).expect(400);
        await admin.get("/api/groups").query({ externalId: "same", limit: 1, cursor }).expect(400);
      });
    });

    it("is not for users: neither with x-user-email nor with a personal token", async () => {
      const user = await made();
      await admin.get("/api/users").set("x-user-email", user.userName).expect(403);
      const { secret } = await service.issue({ scopes: ["connect:write"], userId: user.id });
      for (const path of ["/api/users", `/api/users/${user.id}`, `/api/users/${user.id}/groups`]) {
        await service.with(secret).get(path).expect(403);
      }
    });
  });
}
