import { expect } from "chai";
import { auditEvents } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, enterpriseUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";
import { errorPointers } from "./pointers.fixture.ts";

/** Users that an identity provider provisions, as seen by the admin API. */
describeOnEngines("/api/users that the identity provider manages", (open) => {
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
  const provisioned = async (more: object = {}) =>
    (
      await scim
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: aName(), ...more })
        .expect(201)
    ).body;
  const get = async (id: string) => (await admin.get(`/api/users/${id}`).expect(200)).body;
  const lastEventOf = async (id: string) => {
    const { items } = await service.store.for(service.organizationId).open(auditEvents).list({ limit: 10_000 });
    return items.filter(({ target }) => target?.id === id).at(-1);
  };

  const changes = (id: string): readonly [string, () => ReturnType<Agent["get"]>][] => [
    ["PUT", () => admin.put(`/api/users/${id}`).send({ userName: aName() })],
    ["PATCH", () => admin.patch(`/api/users/${id}`).send({ title: "x" })],
    ["DELETE", () => admin.delete(`/api/users/${id}`)],
  ];

  it("are returned like all others, with managedBy", async () => {
    const { id, userName } = await provisioned({
      emails: [{ value: "a@x", primary: "True" }],
      password: "x",
      [enterpriseUrn]: { department: "Engines" },
    });
    expect(await get(userName)).to.deep.include({
      id,
      managedBy: "scim",
      emails: [{ value: "a@x", primary: true }],
      enterpriseUser: { department: "Engines" },
    });
    expect(await created()).to.not.have.property("managedBy");
  });

  it("409: rejects changes without override=true", async () => {
    const { id } = await provisioned();
    const before = await get(id);
    for (const [method, change] of changes(id)) {
      const { body, status } = await change();
      expect(status, method).to.equal(409);
      expect(body.type).to.match(/:managed$/);
      expect(body.detail).to.contain("identity provider").and.contain("override=true");
    }
    await admin.put(`/api/users/${before.userName}`).send({ nickName: "other" }).expect(409);
    expect(await get(id)).to.deep.equal(before);
  });

  it("accepts unchanged content without override", async () => {
    const { id } = await provisioned();
    const before = await get(id);
    expect((await admin.put(`/api/users/${before.userName}`).send(before).expect(200)).body).to.deep.equal(before);
  });

  it("are changed with override=true, stay managed, and the audit event records the override", async () => {
    const { id } = await provisioned();
    for (const [method, change] of changes(id)) {
      await change()
        .query({ override: "true" })
        .expect(method === "DELETE" ? 204 : 200);
      expect((await lastEventOf(id))?.details, method).to.deep.equal({ override: true });
      if (method !== "DELETE") expect((await get(id)).managedBy).to.equal("scim");
    }
    for (const override of ["1", "yes", ""]) {
      expect(errorPointers(await admin.delete(`/api/users/${id}`).query({ override }).expect(400))).to.deep.equal([
        "/override",
      ]);
    }
  });

  it("checks If-Match before managedBy, also with override", async () => {
    const { id } = await provisioned();
    await admin.delete(`/api/users/${id}`).query({ override: true }).set("If-Match", '"7"').expect(412);
    await admin.delete(`/api/users/${id}`).query({ override: true }).set("If-Match", '"1"').expect(204);
  });

  it("become managed by any SCIM write, once, which SCIM responses do not show", async () => {
    const user = await created({ title: "Dr" });
    const same = { schemas: [userUrn], userName: user.userName, title: "Dr" };
    const taken = await scim.put(`/scim/v2/Users/${user.id}`).send(same).expect(200);
    expect(taken.headers["etag"]).to.equal('W/"2"');
    expect(JSON.stringify(taken.body)).to.not.contain("managed");
    expect((await lastEventOf(user.id))?.details).to.deep.equal({ managedBy: "scim" });
    const again = await scim.put(`/scim/v2/Users/${user.id}`).send(same).expect(200);
    expect(again.headers["etag"]).to.equal('W/"2"');
    expect((await get(user.id)).managedBy).to.equal("scim");

    const patched = await created();
    const Operations = [{ op: "add", path: "title", value: "Dr" }];
    await scim
      .patch(`/scim/v2/Users/${patched.id}`)
      .send({ schemas: [patchUrn], Operations })
      .expect(200);
    expect((await get(patched.id)).managedBy).to.equal("scim");
    await scim.get("/scim/v2/Users").query({ filter: 'managedBy eq "scim"' }).expect(400);
  });

  it("can be deleted by SCIM even if the catalog references them, and not by an administrator", async () => {
    const { id } = await provisioned();
    const policy = { name: "names", effect: "deny", subjects: { users: [id] } };
    await admin.put("/api/policies/names-a-user").send(policy).expect(201);
    const { body } = await admin.delete(`/api/users/${id}`).query({ override: true }).expect(409);
    expect(body.type).to.match(/:referenced$/);
    expect(body.blockers).to.have.length(1);
    expect(body.blockers[0]).to.deep.include({ type: "policy", name: "names" });
    await scim.delete(`/scim/v2/Users/${id}`).expect(204);
    await admin.get(`/api/users/${id}`).expect(404);
  });
});
