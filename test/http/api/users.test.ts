import { expect } from "chai";
import { auditEvents } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, enterpriseUrn, type Service, startService } from "../../support/service.ts";
import { errorPointers } from "./pointers.fixture.ts";

/** What users promise beyond the contract of every resource. */
describeOnEngines("/api/users", (open) => {
  let service: Service;
  let admin: Agent;
  let scim: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write"]);
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  let number = 0;
  const aName = (): string => `user${++number}@example.com`;
  const created = async (more: object = {}) =>
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
      enterpriseUser: { department: "Engines", manager: { value: "usr_of_another" } },
    };

    it("are SCIM's, flat, with the enterprise extension as enterpriseUser", async () => {
      const user = await created(full);
      expect(user).to.deep.include(full);
      expect(Object.keys(user)).to.include.members(["id", "version", "createdAt", "updatedAt"]);
      const { enterpriseUser, ...core } = full;
      const { body } = await scim.get(`/scim/v2/Users/${user.id}`).expect(200);
      expect(body).to.deep.include({ ...core, [enterpriseUrn]: enterpriseUser });
      expect(body).to.not.have.any.keys("managedBy", "enterpriseUser");
    });

    it("are omitted if empty, as in SCIM (RFC 7643 section 2.5)", async () => {
      const user = await created({ emails: [], name: {}, enterpriseUser: {} });
      expect(user).to.not.have.any.keys("emails", "name", "enterpriseUser");
    });

    const primaries = [
      { value: "a@x", primary: true },
      { value: "b@x", primary: true },
    ];
    const rejected: Record<string, [body: object, pointer: string]> = {
      "no userName": [{ userName: undefined }, "/userName"],
      "an empty userName": [{ userName: " " }, "/userName"],
      "a boolean as a string": [{ active: "true" }, "/active"],
      "an attribute that is null": [{ title: null }, "/title"],
      "an extension that is null": [{ enterpriseUser: null }, "/enterpriseUser"],
      "an element that is null": [{ emails: [null] }, "/emails/0"],
      "an element as a string": [{ roles: ["admin"] }, "/roles/0"],
      "the manager as a string": [{ enterpriseUser: { manager: "usr_1" } }, "/enterpriseUser/manager"],
      "the manager's name": [
        { enterpriseUser: { manager: { value: "usr_1", displayName: "Boss" } } },
        "/enterpriseUser/manager/displayName",
      ],
      "a wrong type within an element": [{ emails: [{ value: "a@x" }, { value: 5 }] }, "/emails/1/value"],
      "two primary elements": [{ emails: primaries }, "/emails"],
      "too many elements": [{ emails: Array.from({ length: 101 }, (_, at) => ({ value: `${at}@x` })) }, "/emails"],
      "an invalid base64 value": [{ x509Certificates: [{ value: "!" }] }, "/x509Certificates/0/value"],
      "a sub-attribute that is too long": [{ name: { givenName: "x".repeat(1025) } }, "/name/givenName"],
      "an attribute of the extension that is too long": [
        { enterpriseUser: { department: "x".repeat(1025) } },
        "/enterpriseUser/department",
      ],
      "an attribute name in another case": [{ DisplayName: "x" }, "/DisplayName"],
      "the extension under its URN": [{ [enterpriseUrn]: { department: "x" } }, `/${enterpriseUrn}`],
      "a password": [{ password: "correct horse" }, "/password"],
      "groups, which are read-only": [{ groups: [] }, "/groups"],
      "SCIM's meta": [{ meta: {} }, "/meta"],
      "an unknown sub-attribute": [{ name: { color: "red" } }, "/name/color"],
    };
    for (const [what, [body, pointer]] of Object.entries(rejected)) {
      it(`400 at ${pointer} for ${what}, in POST, PUT and PATCH`, async () => {
        const userName = aName();
        const responses = [
          await admin.post("/api/users").send({ userName, ...body }),
          await admin.put(`/api/users/${userName}`).send({ userName: undefined, ...body }),
        ];
        const isRemoval = Object.values(body).some((value) => value === null || value === undefined);
        if (!isRemoval) responses.push(await admin.patch(`/api/users/${(await created()).id}`).send(body));
        if (what === "no userName") responses.pop(); // PUT takes it from the path
        for (const response of responses) {
          expect(response.status).to.equal(400);
          expect(errorPointers(response)).to.include(pointer);
        }
        await admin.get(`/api/users/${userName}`).expect(what === "no userName" ? 200 : 404);
      });
    }

    it("413: limits the size of a user", async () => {
      const photos = Array.from({ length: 100 }, () => ({ value: `https://${"x".repeat(1000)}.example` }));
      await admin.post("/api/users").send({ userName: aName(), photos }).expect(413);
    });

    it("400: rejects prototype keys at any depth, and pollutes nothing", async () => {
      for (const body of [
        '{"userName":"p","__proto__":{"active":true}}',
        '{"userName":"p","name":{"constructor":{"x":1}}}',
        '{"userName":"p","enterpriseUser":{"__proto__":{"x":1}}}',
      ]) {
        for (const request of [admin.post("/api/users"), admin.patch(`/api/users/${(await created()).id}`)]) {
          await request.set("Content-Type", "application/json").send(body).expect(400);
        }
      }
      expect(({} as Record<string, unknown>)["x"]).to.equal(undefined);
      await admin.get("/api/users").query("__proto__[x]=1").expect(400);
      for (const name of ["__proto__", "constructor", "toString"]) {
        await admin.get(`/api/users/${name}`).expect(404);
        expect(errorPointers(await admin.get("/api/users").query(`${name}=1`).expect(400))).to.deep.equal([`/${name}`]);
      }
    });
  });

  describe("keys in the path", () => {
    it("are userNames, case-insensitive and percent-encoded", async () => {
      for (const userName of ["Ångström/Å?#%@example.com", "a b+c", "usr_no-id", "__proto__"]) {
        const user = await created({ userName });
        for (const name of [userName, userName.toUpperCase(), userName.toLowerCase()]) {
          expect(await get(encodeURIComponent(name))).to.deep.equal(user);
        }
      }
    });

    it("in the form of an id are ids, even if a userName has that form", async () => {
      const victim = await created();
      const impostor = await created({ userName: victim.id });
      expect((await get(victim.id)).id).to.equal(victim.id);
      await admin.delete(`/api/users/${victim.id}`).expect(204);
      await admin.get(`/api/users/${victim.id}`).expect(404);
      await admin.put(`/api/users/${victim.id}`).send({ userName: victim.id }).expect(404);
      expect((await get(impostor.id)).userName).to.equal(victim.id);
    });

    it("that are no valid userName are rejected by PUT and not found otherwise", async () => {
      for (const name of ["%20", "a%00b", "x".repeat(1025)]) {
        expect(errorPointers(await admin.put(`/api/users/${name}`).send({}).expect(400))).to.deep.equal(["/userName"]);
        await admin.get(`/api/users/${name}`).expect(404);
      }
      await admin.get("/api/users/%ED%A0%80").expect(400);
    });
  });

  describe("PUT", () => {
    it("by userName uses the path, and keeps the stored spelling", async () => {
      const { body } = await admin.put("/api/users/Grace@example.com").send({ title: "Admiral" }).expect(201);
      expect(body).to.deep.include({ userName: "Grace@example.com", active: true });
      const again = await admin.put("/api/users/GRACE@example.com").send({ title: "Admiral" }).expect(200);
      expect(again.body).to.deep.equal(body);
      const respelt = await admin.put("/api/users/grace@example.com").send({ userName: "GRACE@example.com" });
      expect(respelt.body).to.deep.include({ id: body.id, userName: "GRACE@example.com", version: 2 });
      expect(respelt.body).to.not.have.property("title");
    });

    it("rejects a userName that differs from the path", async () => {
      const response = await admin.put(`/api/users/${aName()}`).send({ userName: "other@example.com" }).expect(400);
      expect(errorPointers(response)).to.deep.equal(["/userName"]);
    });

    it("by id only replaces, and can change the userName", async () => {
      const user = await created({ title: "Dr" });
      const renamed = await admin
        .put(`/api/users/${user.id}`)
        .send({ userName: `new-${user.userName}` })
        .expect(200);
      expect(renamed.body).to.deep.include({ id: user.id, userName: `new-${user.userName}` });
      const taken = await admin
        .put(`/api/users/${(await created()).id}`)
        .send({ userName: `NEW-${user.userName}` })
        .expect(409);
      expect(errorPointers(taken)).to.deep.equal(["/userName"]);
    });

    it("without active does not reactivate a user", async () => {
      const user = await created({ active: false });
      const { body } = await admin
        .put(`/api/users/${user.id}`)
        .send({ userName: user.userName, title: "x" })
        .expect(200);
      expect(body).to.deep.include({ active: false, title: "x" });
    });

    it("with If-Match creates no user", async () => {
      await admin.put(`/api/users/${aName()}`).set("If-Match", '"1"').send({}).expect(412);
    });

    it("creates once when many PUTs of a new userName are concurrent", async () => {
      const name = aName();
      const puts = await Promise.all(Array.from({ length: 10 }, () => admin.put(`/api/users/${name}`).send({})));
      expect(puts.map(({ status }) => status).sort()).to.deep.equal([...Array.from({ length: 9 }, () => 200), 201]);
      expect(new Set(puts.map(({ body }) => `${body.id} ${body.version}`)).size).to.equal(1);
    });
  });

  describe("PATCH", () => {
    it("merges objects, replaces lists, and removes fields that are null", async () => {
      const user = await created({
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

    it("cannot remove required fields", async () => {
      const { id } = await created();
      for (const field of ["userName", "active"]) {
        const response = await admin
          .patch(`/api/users/${id}`)
          .send({ [field]: null })
          .expect(400);
        expect(errorPointers(response)).to.deep.equal([`/${field}`]);
      }
    });

    it("ignores server fields, and changes nothing if nothing differs", async () => {
      const user = await created({ title: "Dr" });
      const sent = { ...user, id: "usr_other", version: 99, createdAt: "then", managedBy: "me" };
      expect((await admin.patch(`/api/users/${user.id}`).send(sent).expect(200)).body).to.deep.equal(user);
    });

    it("that deactivates a user revokes the personal tokens immediately", async () => {
      const user = await created();
      const { secret } = await service.issueToken({ scopes: ["connect:read"], userId: user.id });
      await service.clientWithSecret(secret).get("/api/whoami").expect(200);
      await admin.patch(`/api/users/${user.id}`).send({ active: false }).expect(200);
      await service.clientWithSecret(secret).get("/api/whoami").expect(401);
      expect((await lastEventOf(user.id))?.action).to.equal("user.deactivate");
    });
  });

  describe("lists", () => {
    it("filter by userName, email, externalId and active, alone and combined", async () => {
      const emails = [{ value: "First@list.example" }, { value: "second@list.example", primary: true }];
      const one = await created({ userName: "List@example.com", emails, externalId: "Ext", active: false });
      await created({ externalId: "ext" });
      const listIds = async (query: object) =>
        (await admin.get("/api/users").query(query).expect(200)).body.data.map(({ id }: { id: string }) => id);
      for (const query of [
        { userName: "LIST@example.com" },
        { email: "FIRST@LIST.example" },
        { email: "second@list.example" },
        { externalId: "Ext" },
        { externalId: "Ext", active: "false", userName: "list@example.com", email: "first@list.example" },
      ]) {
        expect(await listIds(query), JSON.stringify(query)).to.deep.equal([one.id]);
      }
      expect(await listIds({ externalId: "Ext", active: "true" })).to.deep.equal([]);
      expect(await listIds({ userName: "list@example" })).to.deep.equal([]);
      expect(await listIds({ active: "false" })).to.include(one.id);
    });

    it("reject parameters that are unknown, repeated or invalid", async () => {
      for (const [query, pointer] of [
        ["username=x", "/username"],
        ["userName=a&userName=b", "/userName"],
        ["userName[$ne]=x", "/userName[$ne]"],
        ["active=yes", "/active"],
        ["managedBy=scim", "/managedBy"],
      ] as const) {
        expect(errorPointers(await admin.get("/api/users").query(query).expect(400)), query).to.deep.equal([pointer]);
      }
      await admin
        .get(`/api/users/${(await created()).id}`)
        .query({ override: true })
        .expect(400);
    });

    it("do not accept each other's cursors", async () => {
      for (const externalId of ["same", "other"]) await Promise.all([created({ externalId }), created({ externalId })]);
      const { body } = await admin.get("/api/users").query({ externalId: "same", limit: 1 }).expect(200);
      const cursor = body.pagination.nextCursor;
      await admin.get("/api/users").query({ externalId: "same", limit: 1, cursor }).expect(200);
      await admin.get("/api/users").query({ externalId: "other", limit: 1, cursor }).expect(400);
      await admin.get("/api/groups").query({ externalId: "same", limit: 1, cursor }).expect(400);
    });
  });

  it("has no user's view, neither with x-user-email nor with a personal token", async () => {
    const user = await created();
    await admin.get("/api/users").set("x-user-email", user.userName).expect(403);
    const { secret } = await service.issueToken({ scopes: ["connect:write"], userId: user.id });
    for (const path of ["/api/users", `/api/users/${user.id}`, `/api/users/${user.id}/groups`]) {
      await service.clientWithSecret(secret).get(path).expect(403);
    }
  });
});
