import { PassThrough } from "node:stream";
import { expect } from "chai";
import supertest from "supertest";
import { createApp } from "../../../src/app.ts";
import { readConfig } from "../../../src/config.ts";
import { listen } from "../../../src/http/server/listen.ts";
import { createLog } from "../../../src/log.ts";
import { users } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import { enterpriseUrn, type Service, startService, userUrn } from "../../support/service.ts";
import { declareExtension, extensionClients } from "../scim/extensions.fixture.ts";
import { errorPointers } from "./pointers.fixture.ts";

const urn = "urn:example:hr:2.0:User";
const path = `/api/scim-extensions/${urn}`;
const minimal = { resourceType: "User", attributes: [{ name: "costCenter" }] };

describeOnEngines("/api/scim-extensions with stored values", (open, engine) => {
  let service: Service;
  let testStore: TestStore;
  before(async () => {
    service = await startService({
      open: async (options) => {
        testStore = await open(options);
        return testStore;
      },
    });
  });
  after(() => service.dispose());

  let number = 0;
  const newOrganization = () => extensionClients(service, `hr-${++number}`);

  describe("a change of a schema with stored values", () => {
    const declared = {
      resourceType: "User",
      attributes: [
        { name: "costCenter" },
        { name: "grade", type: "integer" },
        { name: "place", type: "complex", subAttributes: [{ name: "city" }, { name: "floor", type: "integer" }] },
      ],
    };
    const values = { costCenter: "C-1", grade: 3, place: { city: "Rome", floor: 2 } };
    const withAttribute = (change: object, name = "costCenter") => ({
      ...declared,
      attributes: declared.attributes.map((each) => (each.name === name ? { ...each, ...change } : each)),
    });
    const onlyGrade = { ...declared, attributes: [{ name: "grade", type: "integer" }] };
    const setUp = async () => {
      const clients = await newOrganization();
      await declareExtension(clients.admin, urn, declared);
      const sent = { schemas: [userUrn], userName: "ada", [urn]: values };
      const { body: user } = await clients.scim.post("/scim/v2/Users").send(sent).expect(201);
      const read = async () => (await clients.scim.get(`/scim/v2/Users/${user.id}`).expect(200)).body;
      return { ...clients, user, read };
    };

    for (const [title, changed] of [
      ["type", withAttribute({ type: "integer" })],
      ["multiValued", withAttribute({ multiValued: true })],
      ["caseExact", withAttribute({ caseExact: true })],
      ["indexed", withAttribute({ indexed: true })],
      ["its name", withAttribute({ name: "COSTCENTER" })],
      ["its sub-attribute floor, which is removed", withAttribute({ subAttributes: [{ name: "city" }] }, "place")],
      [
        "type of its sub-attribute floor",
        withAttribute({ subAttributes: [{ name: "city" }, { name: "floor" }] }, "place"),
      ],
    ] as const) {
      it(`rejects another ${title}, names who has values, and allows it without values`, async () => {
        const { admin, scim, user } = await setUp();
        const { body } = await admin.put(path).send(changed).expect(409);
        expect(body.detail).to.include(title);
        expect(body.blockers).to.deep.equal([{ type: "user", id: user.id, name: "ada" }]);
        await scim
          .put(`/scim/v2/Users/${user.id}`)
          .send({ schemas: [userUrn], userName: "ada" })
          .expect(200);
        await admin.put(path).send(changed).expect(200);
      });
    }

    it("keeps the values of a removed attribute: they are hidden, survive writes, and return with it", async () => {
      const { admin, scim, user, read } = await setUp();
      const { body } = await admin.put(path).send(onlyGrade).expect(200);
      expect(body.removedAttributes.map(({ name }: { name: string }) => name)).to.deep.equal(["costCenter", "place"]);
      expect((await read())[urn]).to.deep.equal({ grade: 3 });
      await scim.get(`/scim/v2/Users?filter=${encodeURIComponent(`${urn}:costCenter pr`)}`).expect(400);
      await scim
        .put(`/scim/v2/Users/${user.id}`)
        .send({ schemas: [userUrn], userName: "ada", title: "Dr", [urn]: { grade: 4 } })
        .expect(200);
      await scim
        .patch(`/scim/v2/Users/${user.id}`)
        .send({
          Operations: [{ op: "replace", path: `${urn}:grade`, value: 5 }],
          schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        })
        .expect(200);
      await admin.put(`/api/users/${user.id}?override=true`).send({ userName: "ada" }).expect(200);
      expect(await read()).to.not.have.property(urn);
      await admin
        .put(path)
        .send(withAttribute({ type: "integer" }))
        .expect(409);
      const returned = await admin.put(path).send(declared).expect(200);
      expect(returned.body).to.not.have.property("removedAttributes");
      expect((await read())[urn]).to.deep.equal({ costCenter: "C-1", place: values.place });
      const filter = encodeURIComponent(`${urn}:costCenter eq "c-1"`);
      expect((await scim.get(`/scim/v2/Users?filter=${filter}`).expect(200)).body.totalResults).to.equal(1);
    });

    it("that adds `required` leaves reading and other PATCHes as they are, and applies to a PUT", async () => {
      const { admin, scim, read, user } = await setUp();
      const required = { ...declared, attributes: [...declared.attributes, { name: "badge", required: true }] };
      await admin.put(path).send(required).expect(200);
      const before = await read();
      expect(before[urn]).to.deep.equal(values);
      const patch = (path: string, value: unknown) =>
        scim.patch(`/scim/v2/Users/${user.id}`).send({
          schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
          Operations: [{ op: "replace", path, value }],
        });
      await patch("title", "Dr").expect(200);
      await patch(`${urn}:grade`, 7).expect(200);
      const put = (sent: object) => scim.put(`/scim/v2/Users/${user.id}`).send(sent);
      await put(await read()).expect(200);
      const changed = { ...(await read()), [urn]: { ...values, grade: 8 } };
      const { body } = await put(changed).expect(400);
      expect(body.detail).to.include(`${urn}:badge is required`);
      await patch(`${urn}:badge`, "B").expect(200);
      await scim
        .put(`/scim/v2/Users/${user.id}`)
        .send(await read())
        .expect(200);
      await patch(`${urn}:badge`, null).expect(400);
    });

    it("never changes the resource type", async () => {
      const { admin } = await setUp();
      const { body } = await admin
        .put(path)
        .send({ ...onlyGrade, resourceType: "Group" })
        .expect(400);
      expect(body.type).to.match(/:mutability$/);
    });

    it("DELETE: 409 with who has values; force=true removes the values too, permanently", async () => {
      const { admin, scim, user, read, organizationId } = await setUp();
      const { body: blocked } = await admin.delete(path).expect(409);
      expect(blocked.blockers).to.deep.equal([{ type: "user", id: user.id, name: "ada" }]);
      await admin.delete(`${path}?force=true`).expect(204);
      const after = await read();
      expect(after).to.not.have.property(urn);
      expect(after.schemas).to.deep.equal([userUrn]);
      await declareExtension(admin, urn, declared);
      expect(await read()).to.not.have.property(urn);
      const filter = encodeURIComponent(`${urn}:costCenter pr`);
      expect((await scim.get(`/scim/v2/Users?filter=${filter}`).expect(200)).body.totalResults).to.equal(0);
      const record = await service.store.for(organizationId).openRaw(users).get(user.id);
      expect(record?.json).to.not.include("C-1");
      await admin.delete(path).expect(204);
    });
  });

  describe("/api/users and /api/groups", () => {
    it("show and accept the values in `extensions`, by URN", async () => {
      const { admin } = await newOrganization();
      await declareExtension(admin, urn, minimal);
      const extensions = { [urn]: { costCenter: "C-1" } };
      const { body: user } = await admin.post("/api/users").send({ userName: "ada", extensions }).expect(201);
      expect(user.extensions).to.deep.equal(extensions);
      const { body: read, headers } = await admin.get("/api/users/ada").expect(200);
      expect(read).to.deep.equal(user);
      await admin.put("/api/users/ada").set("If-Match", String(headers["etag"])).send(read).expect(200);
      const { body: patched } = await admin
        .patch("/api/users/ada")
        .send({ extensions: { [urn]: { costCenter: null } } })
        .expect(200);
      expect(patched).to.not.have.property("extensions");
      const { body: list } = await admin.get("/api/users").expect(200);
      expect(list.data).to.deep.equal([patched]);
    });

    it("reject a schema or an attribute that is not declared, and name it", async () => {
      const { admin } = await newOrganization();
      await declareExtension(admin, urn, minimal);
      for (const [extensions, pointer] of [
        [{ "urn:example:none:User": {} }, "/extensions/urn:example:none:User"],
        [{ [enterpriseUrn]: {} }, `/extensions/${enterpriseUrn}`],
        [{ [urn]: { colour: "red" } }, `/extensions/${urn}/colour`],
        [{ [urn]: "x" }, `/extensions/${urn}`],
      ] as const) {
        const { body } = await admin.post("/api/users").send({ userName: "bob", extensions }).expect(400);
        expect(errorPointers({ body })).to.deep.equal([pointer]);
      }
      await admin
        .post("/api/groups")
        .send({ displayName: "g", extensions: { [urn]: { costCenter: "1" } } })
        .expect(400);
    });

    it("hold values for groups", async () => {
      const { admin } = await newOrganization();
      await declareExtension(admin, "urn:example:hr:Group", { ...minimal, resourceType: "Group" });
      const extensions = { "urn:example:hr:Group": { costCenter: "G" } };
      const { body: group } = await admin.post("/api/groups").send({ displayName: "g", extensions }).expect(201);
      expect((await admin.get(`/api/groups/${group.id}`).expect(200)).body.extensions).to.deep.equal(extensions);
    });
  });

  // SQLite has one process only.
  if (engine === "MongoDB") it("are used by another replica on its next request", testSecondReplica);

  async function testSecondReplica(): Promise<void> {
    const store = await testStore.openSecond?.();
    if (!store) throw new Error("MongoDB opens a second store");
    const config = readConfig({ PUBLIC_URL: "https://gatehouse.example", RATE_LIMIT: "off" });
    const replica = await createApp(store, config, createLog("error", new PassThrough()));
    const server = await listen(replica.handler, { host: "127.0.0.1", port: 0 });
    try {
      const { admin, organizationId } = await newOrganization();
      const { secret } = await service.issueToken({ scopes: ["admin:scim"] }, organizationId);
      const scim = supertest.agent(`http://127.0.0.1:${server.port}`).set("Authorization", `Bearer ${secret}`);
      const sent = { schemas: [userUrn], userName: "ada", [urn]: { costCenter: "1" } };
      await scim.get(`/scim/v2/Schemas/${urn}`).expect(404);
      await declareExtension(admin, urn, minimal);
      const { body } = await scim.post("/scim/v2/Users").send(sent).expect(201);
      expect(body[urn]).to.deep.equal({ costCenter: "1" });
      await admin
        .patch(path)
        .send({ attributes: [{ name: "other" }] })
        .expect(200);
      const read = await scim.get(`/scim/v2/Users/${body.id}`).expect(200);
      expect(read.body).to.not.have.property(urn);
    } finally {
      await server.close();
      await replica.close();
      await store.close();
    }
  }
});
