import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, groupUrn, patchUrn, type Service, startService } from "../../support/service.ts";

describeOnEngines("/scim/v2/Groups reads what clients send:", (open) => {
  let service: Service;
  let scim: Agent;
  /** Ada, Bob and Cy, who has no displayName. */
  let ada: string;
  let bob: string;
  let cy: string;
  let guides: string;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
    ada = (await scim.post("/scim/v2/Users").send({ userName: "ada", displayName: "Ada L." }).expect(201)).body.id;
    bob = (await scim.post("/scim/v2/Users").send({ userName: "bob", displayName: "Bob" }).expect(201)).body.id;
    cy = (await scim.post("/scim/v2/Users").send({ userName: "cy@example.com" }).expect(201)).body.id;
    guides = (await scim.post("/scim/v2/Groups").send({ displayName: "Guides" }).expect(201)).body.id;
  });
  after(() => service.dispose());

  let number = 0;
  /** Creates a group of Ada, Bob, Cy and the guides, sends one operation, and returns the members afterwards. */
  const membersAfter = async (operation: object, status = 204): Promise<string[]> => {
    const members = [ada, bob, cy, guides].map((value) => ({ value }));
    const group = { schemas: [groupUrn], displayName: `lenient ${++number}`, members };
    const { id } = (await scim.post("/scim/v2/Groups").send(group).expect(201)).body;
    await scim
      .patch(`/scim/v2/Groups/${id}`)
      .send({ schemas: [patchUrn], Operations: [operation] })
      .expect(status);
    const { body } = await scim.get(`/scim/v2/Groups/${id}`).expect(200);
    return (body.members ?? []).map(({ value }: { value: string }) => value);
  };
  const sorted = (...ids: readonly string[]): string[] => [...ids].sort();

  describe("remove of members", () => {
    it("takes {members: [...]} for the list, in any case and in a list of one (Ping)", async () => {
      for (const value of [{ members: [{ value: ada }] }, [{ MEMBERS: { value: ada } }]]) {
        expect(sorted(...(await membersAfter({ op: "remove", path: "members", value })))).to.deep.equal(
          sorted(bob, cy, guides),
        );
      }
    });

    it("ignores a value beside a filter, also null (Databricks, SAP)", async () => {
      for (const value of [null, "", [{ value: bob }]]) {
        expect(await membersAfter({ op: "remove", path: `members[value eq "${ada}"]`, value })).to.not.include(ada);
        expect(await membersAfter({ op: "remove", path: `members[value eq "${ada}"]`, value })).to.include(bob);
      }
    });

    it("rejects null for all members, which could mean nothing or all", async () => {
      expect(await membersAfter({ op: "remove", path: "members", value: null }, 400)).to.have.length(4);
    });
  });

  describe("members[...] in remove (WSO2, ICE) evaluates", () => {
    const filters: Record<string, () => [filter: string, remaining: string[]]> = {
      "type eq User": () => ['type eq "User"', [guides]],
      "type in another case": () => ['TYPE eq "group"', [ada, bob, cy]],
      "value and type": () => [`value eq "${ada}" and type eq "User"`, [bob, cy, guides]],
      "value and another type, which no member has": () => [
        `value eq "${ada}" and type eq "Group"`,
        [ada, bob, cy, guides],
      ],
      display: () => ['display eq "ada l."', [bob, cy, guides]],
      "display of a user without displayName, which is the userName": () => [
        'display eq "cy@example.com"',
        [ada, bob, guides],
      ],
      "display of a group, or a value": () => [`display eq "Guides" or value eq "${bob}"`, [ada, cy]],
      parentheses: () => [`(value eq "${ada}" or value eq "${bob}") and type eq "User"`, [cy, guides]],
    };
    for (const [description, build] of Object.entries(filters)) {
      it(description, async () => {
        const [filter, remaining] = build();
        const members = await membersAfter({ op: "remove", path: `members[${filter}]` });
        expect(sorted(...members)).to.deep.equal(sorted(...remaining));
      });
    }

    for (const filter of ["value pr", 'not (value eq "x")', 'type ne "User"', '$ref eq "x"', "display eq null"]) {
      it(`rejects ${filter}: a filter must state whom it removes`, async () => {
        expect(await membersAfter({ op: "remove", path: `members[${filter}]` }, 400)).to.have.length(4);
      });
    }
  });

  describe("other forms", () => {
    it("displayName in a list of one", async () => {
      const { id } = (
        await scim
          .post("/scim/v2/Groups")
          .send({ displayName: ["listed"] })
          .expect(201)
      ).body;
      await scim
        .patch(`/scim/v2/Groups/${id}`)
        .send({ operations: [{ op: "Replace", path: "displayName", value: ["renamed"] }] })
        .expect(204);
      expect((await scim.get(`/scim/v2/Groups/${id}`)).body.displayName).to.equal("renamed");
    });

    it("the core URN as a key, in POST and in PATCH without a path", async () => {
      const body = { [groupUrn]: { displayName: "in the URN", members: { value: ada } } };
      const { id } = (await scim.post("/scim/v2/Groups").send(body).expect(201)).body;
      await scim
        .patch(`/scim/v2/Groups/${id}`)
        .send({ schemas: [patchUrn], Operations: [{ op: "replace", value: { [groupUrn]: { externalId: "e" } } }] })
        .expect(204);
      const group = (await scim.get(`/scim/v2/Groups/${id}`)).body;
      expect(group).to.include({ displayName: "in the URN", externalId: "e" });
      expect(group.members).to.have.length(1);
    });

    it("another id and meta without a path, which are read-only", async () => {
      const value = { id: "grp_other", meta: { version: "x" }, displayName: "whole" };
      expect(await membersAfter({ op: "replace", value })).to.have.length(4);
    });
  });

  it("an invalid PATCH or PUT of an unknown group or user is 404", async () => {
    const invalid = { schemas: [patchUrn], Operations: [{ op: "replace", path: "nope", value: 1 }] };
    for (const path of ["/scim/v2/Groups/grp_0", "/scim/v2/Users/usr_0"]) {
      await scim.patch(path).send(invalid).expect(404);
      await scim.patch(path).send({}).expect(404);
      await scim.put(path).send({ displayName: 5, userName: 5 }).expect(404);
    }
    const stranger = await service.clientWithScopes(["admin:scim"], await service.createOrganization("elsewhere"));
    await stranger.patch(`/scim/v2/Groups/${guides}`).send(invalid).expect(404);
  });
});
