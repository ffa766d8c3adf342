import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, groupUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";
import { buildBulkRequest } from "./bulk/bulk.fixture.ts";

describeOnEngines("A rejected request that would have ended access", (open) => {
  let service: Service;
  let scim: Agent;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
    admin = await service.clientWithScopes(["admin:read"]);
  });
  after(() => service.dispose());

  let number = 0;
  const newUser = async (more: object = {}): Promise<string> =>
    (
      await scim
        .post("/scim/v2/Users")
        .send({ userName: `kept${++number}`, ...more })
        .expect(201)
    ).body.id;
  const newGroup = async (): Promise<string> =>
    (
      await scim
        .post("/scim/v2/Groups")
        .send({ displayName: `kept${++number}`, members: [{ value: await newUser() }] })
        .expect(201)
    ).body.id;
  const eventsOf = async (targetId: string) =>
    (await admin.get("/api/audit-events").query({ targetId, outcome: "refused" }).expect(200)).body.data;
  const unknownPath = { op: "replace", path: "nope", value: 1 };
  const message = (...Operations: object[]) => ({ schemas: [patchUrn], Operations });

  const deactivations: Record<string, unknown> = {
    "active: false": message(unknownPath, { op: "replace", path: "active", value: false }),
    'active: "False"': message(unknownPath, { op: "Replace", path: "active", value: "False" }),
    "active in a list": message(unknownPath, { op: "replace", path: "active", value: [{ value: "False" }] }),
    "active with its URN": message(unknownPath, { op: "replace", path: `${userUrn}:ACTIVE`, value: false }),
    "a key without a path": message(unknownPath, { op: "replace", value: { Active: "false" } }),
    "a key in the core URN": message(unknownPath, { op: "add", value: [{ [userUrn]: { active: false } }] }),
    "a value that is not valid": message({ op: "replace", path: "active", value: "inactive" }),
    "the removal of active": message({ op: "remove", path: "active" }),
    "keys in another case": { operations: [{ Op: "replace", Path: "active", Value: false }, unknownPath] },
    "an invalid message": { schemas: [userUrn], Operations: [{ op: "replace", path: "active", value: false }] },
  };
  for (const [description, body] of Object.entries(deactivations)) {
    it(`PATCH of a user, ${description}: user.deactivation_rejected`, async () => {
      const id = await newUser();
      const response = await scim.patch(`/scim/v2/Users/${id}`).send(body as object);
      expect(response.status, response.text).to.equal(400);
      const [event, ...more] = await eventsOf(id);
      expect(more).to.deep.equal([]);
      expect(event).to.deep.include({
        action: "user.deactivation_rejected",
        outcome: "refused",
        target: { type: "user", id },
        requestId: response.headers["x-request-id"],
      });
      expect(event.details).to.include({ method: "PATCH" }).and.have.property("reason");
      expect((await scim.get(`/scim/v2/Users/${id}`)).body.active).to.equal(true);
    });
  }

  it("PUT of a user with active: false, and DELETE with another version, are recorded too", async () => {
    const id = await newUser();
    await scim.put(`/scim/v2/Users/${id}`).send({ userName: 5, active: "false" }).expect(400);
    await scim
      .put(`/scim/v2/Users/${id}`)
      .set("If-Match", "nonsense")
      .send({ userName: "x", active: false })
      .expect(412);
    await scim.delete(`/scim/v2/Users/${id}`).set("If-Match", 'W/"99"').expect(412);
    const details = (await eventsOf(id)).map(({ details }: { details: object }) => details);
    expect(details).to.have.deep.members([
      { method: "PUT", reason: "invalid-value", field: "userName" },
      { method: "PUT", reason: "precondition-failed" },
      { method: "DELETE", reason: "precondition-failed" },
    ]);
  });

  it("inside a bulk request: each operation has its event", async () => {
    const [a, b, c, d] = [await newUser(), await newUser(), await newUser(), await newUser()];
    const Operations = [
      {
        method: "PATCH",
        path: `/Users/${a}`,
        data: message(unknownPath, { op: "replace", path: "active", value: false }),
      },
      { method: "DELETE", path: `/Users/${b}`, version: 'W/"99"' },
      { method: "DELETE", path: `/Users/${c}`, version: 99 },
      { method: "PATCH", path: `/Users/${d}`, data: message(unknownPath) },
    ];
    await scim.post("/scim/v2/Bulk").send(buildBulkRequest(Operations)).expect(200);
    const counts = await Promise.all([a, b, c, d].map(async (id) => (await eventsOf(id)).length));
    expect(counts).to.deep.equal([1, 1, 1, 0]);
  });

  it("on a group: group.removal_rejected for removed members, replaced members and DELETE", async () => {
    const requests: Record<string, (path: string) => PromiseLike<{ status: number }>> = {
      "remove of a member": (path) =>
        scim.patch(path).send(message(unknownPath, { op: "remove", path: 'members[value eq "usr_1"]' })),
      "replace of members with a stale one": (path) =>
        scim.patch(path).send(message({ op: "replace", path: "members", value: [{ value: "usr_0" }] })),
      "members without a path": (path) =>
        scim.patch(path).send(message({ op: "replace", value: { Members: [{ value: "usr_0" }] } })),
      PUT: (path) => scim.put(path).send({ schemas: [groupUrn], displayName: "x", members: [{ value: "usr_0" }] }),
      DELETE: (path) => scim.delete(path).set("If-Match", 'W/"99"'),
    };
    for (const [description, send] of Object.entries(requests)) {
      const id = await newGroup();
      expect((await send(`/scim/v2/Groups/${id}`)).status, description).to.be.oneOf([400, 412]);
      const events = await eventsOf(id);
      expect(
        events.map(({ action }: { action: string }) => action),
        description,
      ).to.deep.equal(["group.removal_rejected"]);
    }
  });

  it("writes no event if no access could have ended, or nothing was rejected", async () => {
    const active = await newUser();
    const inactive = await newUser({ active: false });
    const group = await newGroup();
    await scim
      .patch(`/scim/v2/Users/${active}`)
      .send(message(unknownPath, { op: "replace", path: "active", value: "True" }))
      .expect(400);
    await scim
      .patch(`/scim/v2/Users/${active}`)
      .send(message(unknownPath, { op: "replace", path: "title", value: "x" }))
      .expect(400);
    await scim.put(`/scim/v2/Users/${active}`).send({ userName: 5 }).expect(400);
    await scim
      .patch(`/scim/v2/Users/${inactive}`)
      .send(message(unknownPath, { op: "replace", path: "active", value: false }))
      .expect(400);
    await scim
      .patch(`/scim/v2/Groups/${group}`)
      .send(message(unknownPath, { op: "add", path: "members", value: [] }))
      .expect(400);
    await scim.delete("/scim/v2/Users/usr_0").expect(404);
    await scim
      .patch(`/scim/v2/Users/${active}`)
      .send(message({ op: "replace", path: "active", value: false }))
      .expect(200);
    for (const id of [active, inactive, group, "usr_0"]) expect(await eventsOf(id)).to.deep.equal([]);
  });

  it("records nothing in another organization", async () => {
    const id = await newUser();
    const other = await service.createOrganization("outside");
    const stranger = await service.clientWithScopes(["admin:scim"], other);
    await stranger
      .patch(`/scim/v2/Users/${id}`)
      .send(message({ op: "replace", path: "active", value: "no" }))
      .expect(404);
    const reader = await service.clientWithScopes(["admin:read"], other);
    const { body } = await reader.get("/api/audit-events").query({ outcome: "refused" }).expect(200);
    expect([body.data, await eventsOf(id)]).to.deep.equal([[], []]);
  });
});
