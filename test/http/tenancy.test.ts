import { expect } from "chai";
import { describeOnEngines } from "../store/engines.fixture.ts";
import { type Agent, patchUrn, type Service, startService, userUrn } from "../support/service.ts";

describeOnEngines("Tenant isolation", (open) => {
  let service: Service;
  let ours: Agent;
  let theirs: Agent;
  let user: string;
  let group: string;
  before(async () => {
    service = await startService({ open });
    ours = await service.clientWithScopes(["admin:scim"]);
    theirs = await service.clientWithScopes(["admin:scim"], await service.createOrganization("other"));
    user = (
      await ours
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: "ada", externalId: "e1" })
        .expect(201)
    ).body.id;
    group = (
      await ours
        .post("/scim/v2/Groups")
        .send({ displayName: "engineers", members: [{ value: user }] })
        .expect(201)
    ).body.id;
  });
  after(() => service.dispose());

  const patch = (...Operations: object[]) => ({ schemas: [patchUrn], Operations });
  const never = (id: string): string => id.replace(/.{10}$/, "0000000000");

  /** Every operation on one resource by its id. */
  const touches: Record<
    string,
    (agent: Agent, userId: string, groupId: string) => PromiseLike<{ status: number; body: object; text: string }>
  > = {
    "GET a user": (agent, id) => agent.get(`/scim/v2/Users/${id}`),
    "PUT a user": (agent, id) => agent.put(`/scim/v2/Users/${id}`).send({ schemas: [userUrn], userName: "mine" }),
    "PATCH a user": (agent, id) =>
      agent.patch(`/scim/v2/Users/${id}`).send(patch({ op: "replace", path: "active", value: false })),
    "DELETE a user": (agent, id) => agent.delete(`/scim/v2/Users/${id}`),
    "GET a group": (agent, _, id) => agent.get(`/scim/v2/Groups/${id}`),
    "PUT a group": (agent, _, id) => agent.put(`/scim/v2/Groups/${id}`).send({ displayName: "mine" }),
    "PATCH a group": (agent, _, id) =>
      agent.patch(`/scim/v2/Groups/${id}`).send(patch({ op: "remove", path: "members" })),
    "DELETE a group": (agent, _, id) => agent.delete(`/scim/v2/Groups/${id}`),
    "add a member": (agent, id) =>
      agent.post("/scim/v2/Groups").send({ displayName: "tempting", members: [{ value: id }] }),
    "add a group as member": (agent, _, id) =>
      agent.post("/scim/v2/Groups").send({ displayName: "tempting", members: [{ value: id }] }),
    "filter by id": (agent, id) => agent.get("/scim/v2/Users").query({ filter: `id eq "${id}"` }),
  };
  for (const [what, touch] of Object.entries(touches)) {
    it(`${what}: returns the same response for a foreign resource as for an unknown one`, async () => {
      const existing = await touch(theirs, user, group);
      const missing = await touch(theirs, never(user), never(group));
      const withoutIds = ({ text }: { text: string }) =>
        text
          .replaceAll(never(user), "ID")
          .replaceAll(never(group), "ID")
          .replaceAll(user, "ID")
          .replaceAll(group, "ID");
      expect(existing.status).to.equal(missing.status);
      expect(withoutIds(existing)).to.equal(withoutIds(missing));
    });
  }

  it("changes nothing in the other organization", async () => {
    expect((await ours.get(`/scim/v2/Users/${user}`)).body).to.deep.include({ userName: "ada", active: true });
    expect((await ours.get(`/scim/v2/Groups/${group}`)).body.members).to.have.length(1);
  });

  it("names are unique only within an organization", async () => {
    const created = await theirs
      .post("/scim/v2/Users")
      .send({ schemas: [userUrn], userName: "ADA" })
      .expect(201);
    await theirs.post("/scim/v2/Groups").send({ displayName: "ENGINEERS" }).expect(201);
    await theirs.delete(`/scim/v2/Users/${created.body.id}`).expect(204);
  });

  it("lists, filters and counts include only the own organization", async () => {
    expect((await theirs.get("/scim/v2/Users")).body.totalResults).to.equal(0);
    for (const filter of ['userName eq "ada"', 'externalId eq "e1"']) {
      expect((await theirs.get("/scim/v2/Users").query({ filter })).body.totalResults).to.equal(0);
      expect((await ours.get("/scim/v2/Users").query({ filter })).body.totalResults).to.equal(1);
    }
  });

  it("consecutive ids do not follow from each other", async () => {
    const first = await ours.post("/scim/v2/Users").send({ schemas: [userUrn], userName: "u1" });
    const second = await theirs.post("/scim/v2/Users").send({ schemas: [userUrn], userName: "u2" });
    expect(first.body.id.slice(-16)).to.not.equal(second.body.id.slice(-16));
  });
});
