import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, groupUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";

describeOnEngines("memberships of users and groups", (open) => {
  let service: Service;
  let scim: Agent;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  let number = 0;
  const aUser = async (): Promise<string> =>
    (
      await scim
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: `m${++number}` })
        .expect(201)
    ).body.id;
  const aGroup = async (...members: string[]): Promise<{ id: string; displayName: string }> =>
    (
      await scim
        .post("/scim/v2/Groups")
        .send({
          schemas: [groupUrn],
          displayName: `G${++number}`,
          members: members.map((value) => ({ value })),
        })
        .expect(201)
    ).body;
  const add = (id: string, ...members: string[]) =>
    scim
      .patch(`/scim/v2/Groups/${id}`)
      .send({
        schemas: [patchUrn],
        Operations: [{ op: "add", path: "members", value: members.map((value) => ({ value })) }],
      })
      .expect(204);
  const groupsOf = async (id: string) => (await scim.get(`/scim/v2/Users/${id}`).expect(200)).body.groups ?? [];
  const shownAs = ({ id, displayName }: { id: string; displayName: string }, type: "direct" | "indirect") => ({
    value: id,
    $ref: `https://gatehouse.example/scim/v2/Groups/${id}`,
    display: displayName,
    type,
  });

  describe("RFC 7643 4.1.2: the groups of a user", () => {
    it("contain the requested sub-attributes, and are omitted if none remains", async () => {
      const user = await aUser();
      const group = await aGroup(user);
      const readUser = async (query: string) => (await scim.get(`/scim/v2/Users/${user}?${query}`).expect(200)).body;
      expect((await readUser("attributes=groups.display,groups.TYPE")).groups).to.deep.equal([
        { display: group.displayName, type: "direct" },
      ]);
      expect((await readUser("excludedAttributes=groups.$ref,groups.display,groups.type")).groups).to.deep.equal([
        { value: group.id },
      ]);
      const all = ["value", "$ref", "display", "type"].map((part) => `groups.${part}`).join();
      expect(await readUser(`excludedAttributes=${all}`)).to.not.have.property("groups");
    });

    it("contain direct groups and those inherited through nested groups", async () => {
      const user = await aUser();
      const inner = await aGroup(user);
      const middle = await aGroup(inner.id);
      const outer = await aGroup(middle.id, user);
      expect(await groupsOf(user)).to.have.deep.members([
        shownAs(inner, "direct"),
        shownAs(middle, "indirect"),
        shownAs(outer, "direct"),
      ]);
    });

    it("are resolved in cycles of groups", async () => {
      const user = await aUser();
      const one = await aGroup(user);
      const two = await aGroup(one.id);
      await add(one.id, two.id);
      expect(await groupsOf(user)).to.have.deep.members([shownAs(one, "direct"), shownAs(two, "indirect")]);
    });

    it("are included in lists, but only if requested", async () => {
      const [first, second] = [await aUser(), await aUser()];
      const group = await aGroup(first);
      const { body } = await scim
        .get("/scim/v2/Users")
        .query({ filter: `id eq "${first}" or id eq "${second}"`, attributes: "groups" })
        .expect(200);
      expect(body.Resources).to.deep.equal([
        { schemas: [userUrn], id: first, groups: [shownAs(group, "direct")] },
        { schemas: [userUrn], id: second },
      ]);
      const userWithoutGroups = (await scim.get(`/scim/v2/Users/${first}?excludedAttributes=groups`).expect(200)).body;
      expect(userWithoutGroups).to.not.have.property("groups");
    });

    it("are read-only: a PUT with the body of a GET changes nothing", async () => {
      const user = await aUser();
      await aGroup(user);
      const read = (await scim.get(`/scim/v2/Users/${user}`).expect(200)).body;
      expect(
        (
          await scim
            .put(`/scim/v2/Users/${user}`)
            .send({ ...read, groups: [] })
            .expect(200)
        ).body,
      ).to.deep.equal(read);
    });
  });

  describe("RFC 7644 3.4.2.2: groups by member", () => {
    it("finds the groups with a direct member, in every form of the filter", async () => {
      const user = await aUser();
      const inner = await aGroup(user);
      const outer = await aGroup(inner.id);
      const findGroups = async (filter: string) => {
        const { body } = await scim.get("/scim/v2/Groups").query({ filter, attributes: "displayName" }).expect(200);
        expect(body.totalResults).to.equal(body.Resources.length);
        return body.Resources.map(({ id }: { id: string }) => id);
      };
      expect(await findGroups(`members.value eq "${user}"`)).to.deep.equal([inner.id]);
      expect(await findGroups(`members[value eq "${user}"]`)).to.deep.equal([inner.id]);
      expect(await findGroups(`members eq "${user}"`)).to.deep.equal([inner.id]);
      expect(await findGroups(`members[value eq "${inner.id}" and type eq "Group"]`)).to.deep.equal([outer.id]);
      expect(await findGroups(`members.value eq "${user}" or members.value eq "${inner.id}"`)).to.have.members([
        inner.id,
        outer.id,
      ]);
      expect(await findGroups(`members.value eq "${user}" and members.value eq "${inner.id}"`)).to.deep.equal([]);
      expect(await findGroups(`displayName sw "g" and not (members.value eq "${user}")`))
        .to.include(outer.id)
        .and.not.include(inner.id);
      expect(await findGroups('members.value eq "usr_nobody"')).to.deep.equal([]);
    });

    it("rejects other filters on members and names the supported ones", async () => {
      for (const filter of ['members.value co "u"', "members pr", 'members.display eq "x"']) {
        const { body } = await scim.get("/scim/v2/Groups").query({ filter }).expect(400);
        expect(body.scimType, filter).to.equal("invalidFilter");
      }
    });

    it("does not reveal members of another organization", async () => {
      const user = await aUser();
      await aGroup(user);
      const elsewhere = await service.clientWithScopes(
        ["admin:scim"],
        await service.createOrganization("memberships-elsewhere"),
      );
      const { body } = await elsewhere
        .get("/scim/v2/Groups")
        .query({ filter: `members.value eq "${user}"` })
        .expect(200);
      expect(body.totalResults).to.equal(0);
    });
  });

  it("keeps all of 50 members added concurrently", async () => {
    const group = await aGroup();
    const users = await Promise.all(Array.from({ length: 50 }, aUser));
    await Promise.all(users.map((user) => add(group.id, user)));
    const { members, meta } = (await scim.get(`/scim/v2/Groups/${group.id}`).expect(200)).body;
    expect(members.map(({ value }: { value: string }) => value)).to.have.members(users);
    expect(meta.version).to.equal('W/"51"');
  });
});
