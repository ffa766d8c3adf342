import { expect } from "chai";
import { scimExtensionLimits } from "../../../schemas/scim-extension.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Service, startService, userUrn } from "../../support/service.ts";
import { declareExtension, extensionClients } from "../scim/extensions.fixture.ts";
import { errorPointers } from "./pointers.fixture.ts";

const urn = "urn:example:hr:2.0:User";
const path = `/api/scim-extensions/${urn}`;
const minimal = { resourceType: "User", attributes: [{ name: "costCenter" }] };

describeOnEngines("/api/scim-extensions", (open) => {
  let service: Service;
  before(async () => {
    service = await startService({ open });
  });
  after(() => service.dispose());

  let number = 0;
  const newOrganization = () => extensionClients(service, `hr-${++number}`);

  describe("PUT, GET, PATCH and DELETE", () => {
    it("PUT creates, then replaces; GET returns what PUT accepts; the same content changes nothing", async () => {
      const { admin } = await newOrganization();
      const created = await admin.put(path).send(minimal).expect(201);
      expect(created.headers["location"]).to.match(/\/api\/scim-extensions\/urn:example:hr:2\.0:User$/);
      expect(created.body).to.deep.include({ urn, resourceType: "User", description: "", version: 1 });
      expect(created.body.attributes).to.deep.equal([
        {
          name: "costCenter",
          type: "string",
          description: "",
          required: false,
          caseExact: false,
          multiValued: false,
          mutability: "readWrite",
          indexed: false,
        },
      ]);
      const read = await admin
        .get(path.toUpperCase().replace("/API/SCIM-EXTENSIONS", "/api/scim-extensions"))
        .expect(200);
      expect(read.body).to.deep.equal(created.body);
      const same = await admin.put(path).send(read.body).expect(200);
      expect(same.body).to.deep.equal(created.body);
      const replaced = await admin
        .put(path)
        .send({ ...minimal, name: "HR" })
        .expect(200);
      expect(replaced.body).to.deep.include({ name: "HR", version: 2 });
      expect((await admin.get("/api/scim-extensions").expect(200)).body.data).to.deep.equal([replaced.body]);
    });

    it("honor If-Match and If-None-Match", async () => {
      const { admin } = await newOrganization();
      await admin.put(path).set("If-Match", '"1"').send(minimal).expect(412);
      const { headers } = await admin.put(path).set("If-None-Match", "*").send(minimal).expect(201);
      await admin.put(path).set("If-None-Match", "*").send(minimal).expect(412);
      await admin.patch(path).set("If-Match", '"9"').send({ name: "X" }).expect(412);
      await admin.delete(path).set("If-Match", '"9"').expect(412);
      await admin.patch(path).set("If-Match", String(headers["etag"])).send({ name: "X" }).expect(200);
    });

    it("PATCH changes fields and replaces the list of attributes", async () => {
      const { admin } = await newOrganization();
      await declareExtension(admin, urn, { ...minimal, name: "HR" });
      const { body } = await admin
        .patch(path)
        .send({ name: null, attributes: [...minimal.attributes, { name: "grade", type: "integer" }] })
        .expect(200);
      expect(body).to.not.have.property("name");
      expect(body.attributes.map(({ name }: { name: string }) => name)).to.deep.equal(["costCenter", "grade"]);
    });

    it("require admin:read and admin:write, and record audit events", async () => {
      const { admin, scim, organizationId } = await newOrganization();
      const reader = await service.clientWithScopes(["admin:read"], organizationId);
      await reader.put(path).send(minimal).expect(403);
      await scim.get(path).expect(403);
      await declareExtension(admin, urn, minimal);
      await reader.get(path).expect(200);
      await admin.patch(path).send({ description: "d" }).expect(200);
      await admin.delete(path).expect(204);
      const { body } = await reader.get("/api/audit-events?targetType=scim-extension").expect(200);
      expect(body.data.map(({ action }: { action: string }) => action)).to.deep.equal([
        "scim-extension.delete",
        "scim-extension.update",
        "scim-extension.create",
      ]);
      expect(body.data[1].after.description).to.equal("d");
    });

    it("return 404 for a schema of another organization, as for an unknown one", async () => {
      const { admin } = await newOrganization();
      await declareExtension(admin, urn, minimal);
      const { admin: stranger } = await newOrganization();
      await stranger.get(path).expect(404);
      await stranger.patch(path).send({ name: "X" }).expect(404);
      await stranger.delete(`${path}?force=true`).expect(404);
      expect((await stranger.get("/api/scim-extensions").expect(200)).body.data).to.deep.equal([]);
    });
  });

  describe("limits", () => {
    it("the attributes of a schema", async () => {
      const { admin } = await newOrganization();
      const attributes = Array.from({ length: scimExtensionLimits.attributes + 1 }, (_, at) => ({ name: `a${at}` }));
      const { body } = await admin
        .put(path)
        .send({ ...minimal, attributes })
        .expect(400);
      expect(errorPointers({ body })).to.deep.equal(["/attributes"]);
      await declareExtension(admin, urn, { ...minimal, attributes: attributes.slice(1) });
    });

    it("the removed attributes of a schema whose values are stored", async () => {
      const { admin, scim } = await newOrganization();
      const generation = (at: number) =>
        Array.from({ length: scimExtensionLimits.attributes }, (_, n) => ({ name: `g${at}-${n}` }));
      await declareExtension(admin, urn, { ...minimal, attributes: generation(0) });
      const valuesOf = (at: number) => Object.fromEntries(generation(at).map(({ name }) => [name, "v"]));
      const sent = { schemas: [userUrn], userName: "ada" };
      const { body: user } = await scim
        .post("/scim/v2/Users")
        .send({ ...sent, [urn]: valuesOf(0) })
        .expect(201);
      await admin
        .patch(path)
        .send({ attributes: generation(1) })
        .expect(200);
      await scim
        .put(`/scim/v2/Users/${user.id}`)
        .send({ ...sent, [urn]: valuesOf(1) })
        .expect(200);
      const { body } = await admin
        .patch(path)
        .send({ attributes: generation(2) })
        .expect(409);
      expect(body.type).to.match(/:limit-reached$/);
    });

    it("the schemas of a resource type, also if several are created at once", async () => {
      const { admin } = await newOrganization();
      const statuses = await Promise.all(
        Array.from({ length: scimExtensionLimits.schemas + 2 }, async (_, at) => {
          const { status } = await admin.put(`/api/scim-extensions/urn:example:s${at}:User`).send(minimal);
          return status;
        }),
      );
      expect(statuses.filter((status) => status === 201)).to.have.length(scimExtensionLimits.schemas);
      const { body } = await admin.put("/api/scim-extensions/urn:example:more:User").send(minimal).expect(409);
      expect(body.type).to.match(/:limit-reached$/);
      await declareExtension(admin, "urn:example:more:Group", { ...minimal, resourceType: "Group" });
    });

    it("the indexed attributes of a resource type, over all schemas", async () => {
      const { admin } = await newOrganization();
      const indexed = (from: number, count: number) => ({
        resourceType: "User",
        attributes: Array.from({ length: count }, (_, at) => ({ name: `a${from + at}`, indexed: true })),
      });
      await declareExtension(admin, "urn:example:one:User", indexed(0, scimExtensionLimits.indexedAttributes - 1));
      await declareExtension(admin, "urn:example:two:User", indexed(0, 2), 409);
      await declareExtension(admin, "urn:example:two:User", indexed(0, 1));
    });
  });
});
