import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, patchUrn, type Service, startService } from "../../support/service.ts";
import { createGroupHelpers } from "./groups.fixture.ts";

/** The members of a group as one value, for tools that compare a whole membership. */
describeOnEngines("/api/groups/{id}/member-set", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write", "admin:scim"]);
  });
  after(() => service.dispose());

  const { createUsers, createGroup, getVersion, toUnknownId } = createGroupHelpers(() => ({ service, admin }));
  const toUrl = ({ id }: { id: string }): string => `/api/groups/${id}/member-set`;
  const read = async (group: { id: string }): Promise<{ members: string[]; etag: string }> => {
    const { body, headers } = await admin.get(toUrl(group)).expect(200);
    return { ...body, etag: String(headers["etag"]) };
  };

  it("GET returns what PUT takes, sorted by id, and PUT of that changes nothing", async () => {
    const ids = await createUsers(3);
    const inner = await createGroup();
    const group = await createGroup([ids[2] as string, inner.id, ids[0] as string]);
    const { members, etag } = await read(group);
    expect(members).to.deep.equal([inner.id, ids[0], ids[2]].sort());
    const version = await getVersion(group.id);
    const again = await admin.put(toUrl(group)).send({ members }).expect(200);
    expect(again.body).to.deep.equal({ members });
    expect(again.headers["etag"]).to.equal(etag);
    expect(await getVersion(group.id)).to.equal(version);
    const reordered = await admin.put(toUrl(group)).send({ members: members.toReversed() }).expect(200);
    expect(reordered.body).to.deep.equal({ members });
    expect(await read(group)).to.deep.equal({ members, etag });
  });

  it("PUT replaces the members, and takes the displayName of the group as well", async () => {
    const ids = await createUsers(3);
    const group = await createGroup(ids.slice(0, 2));
    const byName = `/api/groups/${encodeURIComponent(group.displayName)}/member-set`;
    const put = await admin
      .put(byName)
      .send({ members: ids.slice(1) })
      .expect(200);
    expect(put.body.members).to.deep.equal(ids.slice(1).sort());
    expect(await read(group)).to.deep.equal({ members: ids.slice(1).sort(), etag: put.headers["etag"] });
    await admin.put(toUrl(group)).send({ members: [] }).expect(200);
    expect((await read(group)).members).to.deep.equal([]);
  });

  it("the ETag changes exactly when the direct membership changes, and returns to what it was", async () => {
    const ids = await createUsers(2);
    const inner = await createGroup();
    const group = await createGroup([inner.id]);
    const { etag } = await read(group);
    expect(etag).to.match(/^"[\w-]{43}"$/);
    await admin
      .patch(`/api/groups/${group.id}`)
      .send({ externalId: "e", labels: { a: "b" } })
      .expect(200);
    await admin.post(`/api/groups/${inner.id}/members`).send({ members: ids }).expect(200);
    expect((await read(group)).etag).to.equal(etag);
    await admin.get(toUrl(group)).set("If-None-Match", etag).expect(304);
    await admin.put(`/api/groups/${group.id}/members/${ids[0]}`).expect(201);
    expect((await read(group)).etag).to.not.equal(etag);
    await admin.delete(`/api/groups/${group.id}/members/${ids[0]}`).expect(204);
    expect((await read(group)).etag).to.equal(etag);
    const other = await createGroup([inner.id]);
    expect((await read(other)).etag).to.equal(etag);
  });

  it("412: PUT with If-Match replaces only the set that was read", async () => {
    const ids = await createUsers(3);
    const group = await createGroup([ids[0] as string]);
    const { etag } = await read(group);
    await admin
      .post(`/api/groups/${group.id}/members`)
      .send({ members: [ids[1]] })
      .expect(200);
    const put = (ifMatch: string) =>
      admin
        .put(toUrl(group))
        .set("If-Match", ifMatch)
        .send({ members: [ids[2]] });
    expect((await put(etag).expect(412)).body.detail).to.match(/^The group has other members/);
    await put('"1"').expect(412);
    await put("none").expect(412);
    expect((await read(group)).members).to.have.length(2);
    const { etag: current } = await read(group);
    await put(`"1", W/${current}`).expect(200);
    await put("*").expect(200);
  });

  it("412: of concurrent PUTs of the same set, one succeeds", async () => {
    const ids = await createUsers(6);
    const group = await createGroup();
    const { etag } = await read(group);
    const puts = await Promise.all(
      ids.map((id) =>
        admin
          .put(toUrl(group))
          .set("If-Match", etag)
          .send({ members: [id] }),
      ),
    );
    expect(puts.map(({ status }) => status).sort()).to.deep.equal([200, 412, 412, 412, 412, 412]);
  });

  it("400: rejects unknown and repeated members by their pointer, and changes nothing", async () => {
    const [id = ""] = await createUsers(1);
    const group = await createGroup([id]);
    const { etag } = await read(group);
    for (const [members, pointer] of [
      [[id, toUnknownId(id)], "/members/1"],
      [[group.id], "/members/0"],
      [[id, id], "/members"],
      ["all", "/members"],
    ] as const) {
      const { body: problem } = await admin.put(toUrl(group)).send({ members }).expect(400);
      expect(problem.errors[0].pointer, JSON.stringify(members)).to.equal(pointer);
    }
    expect((await read(group)).etag).to.equal(etag);
    const unknown = { id: toUnknownId(group.id) };
    await admin.get(toUrl(unknown)).expect(404);
    await admin.put(toUrl(unknown)).send({ members: [] }).expect(404);
  });

  it("409: needs an override for a group of the identity provider", async () => {
    const [id = ""] = await createUsers(1);
    const group = await createGroup();
    const operations = [{ op: "replace", path: "displayName", value: `${group.displayName} of the provider` }];
    const message = { schemas: [patchUrn], Operations: operations };
    await admin.patch(`/scim/v2/Groups/${group.id}`).send(message).expect(204);
    await admin
      .put(toUrl(group))
      .send({ members: [id] })
      .expect(409);
    await admin
      .put(toUrl(group))
      .query({ override: true })
      .send({ members: [id] })
      .expect(200);
  });

  it("400: points to the pages for a group with more than 10,000 members", async function () {
    this.timeout(300_000);
    const members = Array.from({ length: 10_001 }, (_, at) => ({ value: `usr_${String(at).padStart(26, "0")}` }));
    const group = await createGroup();
    await service.store.transaction(async (transaction) => {
      const { memberships } = transaction.for(service.organizationId);
      await memberships.add(
        group.id,
        members.slice(1).map(({ value }) => value),
      );
    });
    expect((await read(group)).members).to.have.length(10_000);
    await service.store.transaction(async (transaction) => {
      await transaction.for(service.organizationId).memberships.add(group.id, [String(members[0]?.value)]);
    });
    const { body: problem } = await admin.get(toUrl(group)).expect(400);
    expect(problem.detail).to.contain("GET /api/groups/{id}/members");
    await admin.put(toUrl(group)).set("If-Match", '"x"').send({ members: [] }).expect(412);
    await admin.put(toUrl(group)).send({ members: [] }).expect(200);
  });
});
