import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, groupUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";
import {
  badge,
  badgeUrn,
  badgeValues,
  declareExtension,
  extensionClients,
  extensionRequests,
  team,
  teamUrn,
} from "./extensions.fixture.ts";

describeOnEngines("RFC 7643 3.3: extensions that an organization declares", (open) => {
  let service: Service;
  let organizationId: string;
  let admin: Agent;
  let scim: Agent;
  before(async () => {
    service = await startService({ open });
    ({ organizationId, admin, scim } = await extensionClients(service, "acme"));
    await declareExtension(admin, badgeUrn, badge);
    await declareExtension(admin, teamUrn, team);
  });
  after(() => service.dispose());

  const { createUser, patch, read, find } = extensionRequests(() => scim);

  describe("POST, PUT and GET", () => {
    it("return what was sent, with the URN in schemas", async () => {
      const created = await createUser({ [badgeUrn]: badgeValues });
      expect(created[badgeUrn]).to.deep.equal(badgeValues);
      expect(created.schemas).to.deep.equal([userUrn, badgeUrn]);
      expect(await read(`/scim/v2/Users/${created.id}`)).to.deep.equal(created);
      const { body } = await scim.put(`/scim/v2/Users/${created.id}`).send(created).expect(200);
      expect(body).to.deep.equal(created);
    });

    it("read names and URNs case-insensitively, and by name with URN", async () => {
      const created = await createUser({
        [badgeUrn.toUpperCase()]: { NUMBER: "B-1" },
        [`${badgeUrn}:level`]: 2,
      });
      expect(created[badgeUrn]).to.deep.equal({ number: "B-1", Level: 2 });
    });

    it("omit null and empty values, and the URN of an extension without values", async () => {
      const created = await createUser({ [badgeUrn]: { number: null, tags: [], office: {} } });
      expect(created).to.not.have.property(badgeUrn);
      expect(created.schemas).to.deep.equal([userUrn]);
    });

    it("reject values of another type, and name the attribute", async () => {
      for (const [name, value] of Object.entries({
        number: 7,
        Level: 1.5,
        weight: "heavy",
        "active-since": "yesterday",
        isGuest: "perhaps",
        print: "no base64!",
        tags: [1],
        office: "Berlin",
        doors: [{ until: 7 }],
      })) {
        const { detail, scimType } = await createUser({ [badgeUrn]: { [name]: value } }, 400);
        expect(scimType, name).to.equal("invalidValue");
        expect(detail, name).to.include(name);
      }
    });

    it("hold 65,536 characters of extension attributes at most", async () => {
      const tags = Array.from({ length: 70 }, (_, at) => `${at}`.padEnd(1000, "x"));
      const { status } = await scim
        .post("/scim/v2/Groups")
        .send({ schemas: [groupUrn], displayName: "Large", [teamUrn]: { sites: tags } });
      expect(status).to.equal(413);
    });

    it("for a group return what was sent, and PUT replaces it", async () => {
      const values = { costCenter: "C-1", budget: 12.5, sites: ["Berlin", "Rome"], founder: "Ada" };
      const sent = { schemas: [groupUrn], displayName: "Team", [teamUrn]: values };
      const { body: created } = await scim.post("/scim/v2/Groups").send(sent).expect(201);
      expect(created[teamUrn]).to.deep.equal(values);
      expect(created.schemas).to.deep.equal([groupUrn, teamUrn]);
      expect(await read(`/scim/v2/Groups/${created.id}`)).to.deep.equal(created);
      const replacement = { ...sent, [teamUrn]: { costCenter: "C-2" } };
      const { body } = await scim.put(`/scim/v2/Groups/${created.id}`).send(replacement).expect(200);
      expect(body[teamUrn]).to.deep.equal({ costCenter: "C-2", founder: "Ada" });
      await scim.delete(`/scim/v2/Groups/${created.id}`).expect(204);
    });
  });

  describe("PATCH", () => {
    it("changes attributes by path, sub-attributes, and elements by value path", async () => {
      const { id } = await createUser({ [badgeUrn]: badgeValues });
      const patched = await patch(`/scim/v2/Users/${id}`, [
        { op: "replace", path: `${badgeUrn}:number`, value: "Z" },
        { op: "add", path: `${badgeUrn}:tags`, value: ["new"] },
        { op: "remove", path: `${badgeUrn}:weight` },
        { op: "replace", path: `${badgeUrn}:office.city`, value: "Rome" },
        { op: "replace", path: `${badgeUrn}:doors[type eq "MAIN"].value`, value: "East" },
        { op: "remove", path: `${badgeUrn}:doors[value eq "south"]` },
      ]);
      const { weight: _, ...rest } = badgeValues;
      expect(patched[badgeUrn]).to.deep.equal({
        ...rest,
        number: "Z",
        tags: ["Blue", "old", "new"],
        office: { ...badgeValues.office, city: "Rome" },
        doors: [{ ...badgeValues.doors[0], value: "East" }],
      });
    });

    it("without a path takes an object under the URN, and removes the extension by its URN", async () => {
      const { id } = await createUser();
      const added = await patch(`/scim/v2/Users/${id}`, [
        { op: "add", value: { [badgeUrn]: { number: "1", Level: 2 }, [`${badgeUrn}:tags`]: ["x"] } },
      ]);
      expect(added[badgeUrn]).to.deep.equal({ number: "1", Level: 2, tags: ["x"] });
      const removed = await patch(`/scim/v2/Users/${id}`, [{ op: "remove", path: badgeUrn }]);
      expect(removed).to.not.have.property(badgeUrn);
    });

    it("rejects an unknown attribute of the extension as invalidPath", async () => {
      const { id } = await createUser();
      const { scimType } = await patch(
        `/scim/v2/Users/${id}`,
        [{ op: "add", path: `${badgeUrn}:colour`, value: "red" }],
        400,
      );
      expect(scimType).to.equal("invalidPath");
    });

    it("of a group changes its extension and its members together", async () => {
      const user = await createUser();
      const { body: group } = await scim
        .post("/scim/v2/Groups")
        .send({ schemas: [groupUrn], displayName: "Patched", [teamUrn]: { sites: ["Rome"] } })
        .expect(201);
      const path = `/scim/v2/Groups/${group.id}`;
      await patch(
        path,
        [
          { op: "add", path: `${teamUrn}:sites`, value: "Oslo" },
          { op: "replace", value: { [teamUrn]: { costCenter: "C-9" }, displayName: "Renamed" } },
          { op: "add", path: "members", value: [{ value: user.id }] },
        ],
        204,
      );
      const after = await read(path);
      expect(after[teamUrn]).to.deep.equal({ sites: ["Rome", "Oslo"], costCenter: "C-9" });
      expect(after.displayName).to.equal("Renamed");
      expect(after.members).to.have.length(1);
      await patch(path, [{ op: "remove", path: teamUrn }], 204);
      expect(await read(path)).to.not.have.property(teamUrn);
    });
  });

  describe("immutable attributes", () => {
    it("are set once: another value and a removal fail with mutability, and PUT without it keeps it", async () => {
      const { id, userName } = await createUser();
      const path = `/scim/v2/Users/${id}`;
      const set = (value: unknown) => [{ op: "replace", path: `${badgeUrn}:serial`, value }];
      await patch(path, set("s-1"));
      await patch(path, set("s-1"));
      for (const operations of [set("s-2"), [{ op: "remove", path: `${badgeUrn}:serial` }], set(null)])
        expect((await patch(path, operations, 400)).scimType).to.equal("mutability");
      const put = { schemas: [userUrn], userName };
      const { body } = await scim.put(path).send(put).expect(200);
      expect(body[badgeUrn]).to.deep.equal({ serial: "s-1" });
      await scim
        .put(path)
        .send({ ...put, [badgeUrn]: { serial: "s-2" } })
        .expect(400);
    });
  });

  describe("attributes and excludedAttributes", () => {
    it("select attributes, sub-attributes and the whole extension", async () => {
      const { id } = await createUser({ title: "T", [badgeUrn]: badgeValues });
      const path = `/scim/v2/Users/${id}`;
      const some = await read(`${path}?attributes=${badgeUrn}:number,${badgeUrn}:office.city`);
      expect(some).to.deep.equal({
        schemas: [userUrn, badgeUrn],
        id,
        [badgeUrn]: { number: "A-17", office: { city: "Berlin" } },
      });
      expect((await read(`${path}?attributes=${badgeUrn.toLowerCase()}`))[badgeUrn]).to.deep.equal(badgeValues);
      expect(await read(`${path}?attributes=title`)).to.deep.equal({ schemas: [userUrn], id, title: "T" });
      const { number: _, ...others } = badgeValues;
      expect((await read(`${path}?excludedAttributes=${badgeUrn}:NUMBER`))[badgeUrn]).to.deep.equal(others);
      const without = await read(`${path}?excludedAttributes=${badgeUrn}`);
      expect(without).to.not.have.property(badgeUrn);
      expect(without.schemas).to.deep.equal([userUrn]);
    });
  });

  describe("bulk requests", () => {
    it("create with extensions, resolve references in their values, and patch them", async () => {
      const { body } = await scim
        .post("/scim/v2/Bulk")
        .send({
          schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
          Operations: [
            { method: "POST", path: "/Users", bulkId: "a", data: { schemas: [userUrn], userName: "bulk-a" } },
            {
              method: "POST",
              path: "/Users",
              bulkId: "b",
              data: { schemas: [userUrn], userName: "bulk-b", [badgeUrn]: { number: "bulkId:a" } },
            },
            {
              method: "PATCH",
              path: "/Users/bulkId:b",
              data: { schemas: [patchUrn], Operations: [{ op: "add", path: `${badgeUrn}:Level`, value: 5 }] },
            },
          ],
        })
        .expect(200);
      const [idA, idB] = body.Operations.map(({ location }: { location: string }) => location.split("/").at(-1));
      expect((await read(`/scim/v2/Users/${idB}`))[badgeUrn]).to.deep.equal({ number: idA, Level: 5 });
    });
  });

  describe("discovery", () => {
    it("publishes the extension in /Schemas and /ResourceTypes", async () => {
      const schema = await read(`/scim/v2/Schemas/${badgeUrn}`);
      expect(schema).to.deep.include({ id: badgeUrn, name: "Badge", description: "What the door reader knows." });
      expect(schema.meta.location).to.equal(`https://gatehouse.example/scim/v2/Schemas/${badgeUrn}`);
      expect(schema.attributes[1]).to.deep.equal({
        name: "Level",
        type: "integer",
        multiValued: false,
        description: "",
        required: false,
        caseExact: false,
        mutability: "readWrite",
        returned: "default",
        uniqueness: "none",
      });
      expect((await read(`/scim/v2/Schemas/${badgeUrn.toUpperCase()}`)).id).to.equal(badgeUrn);
      const { Resources, totalResults, itemsPerPage } = await read("/scim/v2/Schemas");
      expect([totalResults, itemsPerPage]).to.deep.equal([5, 5]);
      expect(Resources).to.deep.include(schema);
      const types = await read("/scim/v2/ResourceTypes");
      for (const [name, urn] of [
        ["User", badgeUrn],
        ["Group", teamUrn],
      ] as const) {
        const type = await read(`/scim/v2/ResourceTypes/${name}`);
        expect(type.schemaExtensions).to.deep.include({ schema: urn, required: false });
        expect(types.Resources).to.deep.include(type);
      }
    });
  });

  describe("another organization", () => {
    let other: Agent;
    before(async () => {
      ({ scim: other } = await extensionClients(service, "stranger"));
    });

    it("does not see the extension: not in discovery, bodies, paths, filters, sortBy", async () => {
      await other.get(`/scim/v2/Schemas/${badgeUrn}`).expect(404);
      expect((await other.get("/scim/v2/Schemas").expect(200)).text).to.not.include(badgeUrn);
      expect((await other.get("/scim/v2/ResourceTypes").expect(200)).text).to.not.include(badgeUrn);
      const { body: user } = await other
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: "stranger" })
        .expect(201);
      await other
        .patch(`/scim/v2/Users/${user.id}`)
        .send({ schemas: [patchUrn], Operations: [{ op: "add", path: `${badgeUrn}:number`, value: "1" }] })
        .expect(400);
      await other.get(`/scim/v2/Users?filter=${encodeURIComponent(`${badgeUrn}:number pr`)}`).expect(400);
      await other.get(`/scim/v2/Users?sortBy=${badgeUrn}:number`).expect(400);
    });

    it("that declares the same URN has values of its own", async () => {
      const stranger = await extensionClients(service, "twin-urn");
      await declareExtension(stranger.admin, badgeUrn, {
        resourceType: "User",
        attributes: [{ name: "number", indexed: true }],
      });
      const mine = await createUser({ [badgeUrn]: { number: "shared-1" } });
      const { body } = await stranger.scim
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: "x", [badgeUrn]: { number: "shared-1" } })
        .expect(201);
      expect(await find("Users", `${badgeUrn}:number eq "shared-1"`)).to.deep.equal([mine.id]);
      const filter = encodeURIComponent(`${badgeUrn}:number eq "shared-1"`);
      const theirs = await stranger.scim.get(`/scim/v2/Users?filter=${filter}`).expect(200);
      expect(theirs.body.Resources.map(({ id }: { id: string }) => id)).to.deep.equal([body.id]);
    });
  });

  it("is in the audit events of a user, by URN", async () => {
    const { id } = await createUser({ [badgeUrn]: { number: "audited" } });
    const reader = await service.clientWithScopes(["admin:read"], organizationId);
    const { body } = await reader.get(`/api/audit-events?targetId=${id}`).expect(200);
    expect(body.data[0].after.extensions).to.deep.equal({ [badgeUrn]: { number: "audited" } });
  });
});
