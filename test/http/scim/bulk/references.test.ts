import { expect } from "chai";
import { describeOnEngines } from "../../../store/engines.fixture.ts";
import { type Agent, enterpriseUrn, type Service, startService } from "../../../support/service.ts";
import {
  type BulkResponseOperation,
  buildBulkRequest,
  createGroupOperation,
  createUserOperation,
  idFromLocation,
  patchOperation,
} from "./bulk.fixture.ts";

describeOnEngines("RFC 7644 3.7.1 and 3.7.2: references in a bulk request", (open) => {
  let service: Service;
  let scim: Agent;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  let number = 0;
  /** Names that are unique to one test. */
  const names = (...wanted: string[]): string[] => {
    number++;
    return wanted.map((each) => `${each}-${number}`);
  };
  const execute = async (Operations: readonly unknown[], more: object = {}): Promise<BulkResponseOperation[]> =>
    (await scim.post("/scim/v2/Bulk").send(buildBulkRequest(Operations, more)).expect(200)).body.Operations;
  /** Expects every operation to succeed. @returns the ids by bulkId */
  const done = async (...operations: readonly unknown[]): Promise<string[]> => {
    const entries = await execute(operations);
    for (const entry of entries) expect(entry.status, JSON.stringify(entry)).to.match(/^2/);
    expect(entries).to.have.length(operations.length);
    return entries.map(idFromLocation);
  };
  const read = async (type: string, id: string) => (await scim.get(`/scim/v2/${type}/${id}`).expect(200)).body;
  const membersOf = async (id: string): Promise<string[]> =>
    ((await read("Groups", id)).members ?? []).map(({ value }: { value: string }) => value).sort();
  const managerOf = async (id: string): Promise<string | undefined> =>
    (await read("Users", id))[enterpriseUrn]?.manager?.value;
  const groupsNamed = async (displayName: string): Promise<number> =>
    (await scim.get("/scim/v2/Groups").query({ filter: `displayName eq "${displayName}"` })).body.totalResults;
  const ref = (bulkId: string | undefined): string => `bulkId:${bulkId}`;
  const managedBy = (value: string) => ({ [enterpriseUrn]: { manager: { value } } });

  describe("are replaced by ids", () => {
    it("backward, several in one operation", async () => {
      const [a = "", b = "", g = ""] = names("a", "b", "g");
      const [one, two, group = ""] = await done(
        createUserOperation(a),
        createUserOperation(b),
        createGroupOperation(g, [ref(a), ref(b), ref(a)]),
      );
      expect(await membersOf(group)).to.deep.equal([one, two].sort());
    });

    it("forward: a referenced resource is created first, and each resource once", async () => {
      const [a = "", b = "", inner = "", outer = ""] = names("a", "b", "inner", "outer");
      const [first = "", second = "", one, two] = await done(
        createGroupOperation(outer, [ref(inner), ref(a)]),
        createGroupOperation(inner, [ref(b)]),
        createUserOperation(a),
        createUserOperation(b),
      );
      expect(await membersOf(first)).to.deep.equal([second, one].sort());
      expect(await membersOf(second)).to.deep.equal([two]);
      expect([await groupsNamed(outer), await groupsNamed(inner)]).to.deep.equal([1, 1]);
      expect((await read("Groups", first)).meta.version).to.equal('W/"1"');
    });

    it("in a chain of 500, sent in reverse order", async () => {
      const [root = ""] = names("chain");
      const at = (index: number): string => `${root}.${index}`;
      const ids = await done(
        ...Array.from({ length: 500 }, (_, index) =>
          createGroupOperation(at(index), index < 499 ? [ref(at(index + 1))] : []),
        ),
      );
      expect(await membersOf(ids[0] ?? "")).to.deep.equal([ids[1]]);
      expect(await membersOf(ids[498] ?? "")).to.deep.equal([ids[499]]);
    });

    it("in the path of an operation, and in the data of PUT and PATCH", async () => {
      const [a = "", b = "", c = "", g = "", h = ""] = names("a", "b", "c", "g", "h");
      const [group = "", other = "", , , third] = await done(
        createGroupOperation(g, [ref(a), ref(b)]),
        createGroupOperation(h, []),
        createUserOperation(a),
        createUserOperation(b),
        createUserOperation(c),
        patchOperation(
          `/Groups/${ref(g)}`,
          { op: "add", path: "members", value: [{ value: ref(c) }] },
          { op: "remove", path: `members[value eq ${JSON.stringify(ref(a))} or value eq "${ref(b)}"]` },
        ),
        { method: "PUT", path: `/Groups/${ref(h)}`, data: { displayName: h, members: [{ value: ref(c) }] } },
        { method: "DELETE", path: `/Users/${ref(b)}` },
      );
      expect(await membersOf(group)).to.deep.equal([third]);
      expect(await membersOf(other)).to.deep.equal([third]);
    });

    it("in a manager, as an object and as a string", async () => {
      const [boss = "", a = "", b = ""] = names("boss", "a", "b");
      const [one = "", two = "", chief] = await done(
        createUserOperation(a, managedBy(ref(boss))),
        createUserOperation(b, { [`${enterpriseUrn}:manager`]: ref(boss) }),
        createUserOperation(boss),
      );
      expect([await managerOf(one), await managerOf(two)]).to.deep.equal([chief, chief]);
    });

    it("never as part of a string", async () => {
      const [a = "", b = ""] = names("a", "b");
      const title = `see ${ref(a)}, "${ref(a)}"`;
      const [, second = ""] = await done(createUserOperation(a), createUserOperation(b, { title }));
      expect((await read("Users", second)).title).to.equal(title);
    });

    it("for names with characters that a filter or JSON would interpret", async () => {
      const [root = ""] = names("odd");
      const odd = `${root} "]\\ or value pr or value eq "x`;
      const [group = "", , other] = await done(
        createGroupOperation(`${root}.g`, [ref(odd), ref(`${root}.b`)]),
        { ...createUserOperation(`${root}.a`), bulkId: odd },
        createUserOperation(`${root}.b`),
        patchOperation(`/Groups/${ref(`${root}.g`)}`, {
          op: "remove",
          path: `members[value eq ${JSON.stringify(ref(odd))}]`,
        }),
      );
      expect(await membersOf(group)).to.deep.equal([other]);
    });

    it("without moving operations that nothing refers to", async () => {
      const [a = "", b = "", g = ""] = names("a", "b", "g");
      const [id = ""] = await done(createUserOperation(a));
      const title = (value: string) => patchOperation(`/Users/${id}`, { op: "replace", path: "title", value });
      await done(
        title("first"),
        createGroupOperation(g, [ref(b)]),
        title("second"),
        createUserOperation(b),
        title("third"),
      );
      expect(await read("Users", id)).to.deep.include({ title: "third" });
      expect((await read("Users", id)).meta.version).to.equal('W/"4"');
    });
  });

  describe("in a cycle are completed within the request", () => {
    it("of two groups that contain each other", async () => {
      const [a = "", b = ""] = names("a", "b");
      const entries = await execute([createGroupOperation(a, [ref(b)]), createGroupOperation(b, [ref(a)])]);
      expect(entries.map(({ status }) => status)).to.deep.equal(["201", "201"]);
      const [one = "", two = ""] = entries.map(idFromLocation);
      expect([await membersOf(one), await membersOf(two)]).to.deep.equal([[two], [one]]);
      expect([await groupsNamed(a), await groupsNamed(b)]).to.deep.equal([1, 1]);
      for (const [at, id] of [one, two].entries()) {
        expect((await read("Groups", id)).meta.version).to.equal(entries[at]?.version);
      }
    });

    it("of three groups, with other members and a later removal", async () => {
      const [a = "", b = "", c = "", u = ""] = names("a", "b", "c", "u");
      const [one = "", two = "", three = "", user] = await done(
        createGroupOperation(a, [ref(b), ref(u)]),
        createGroupOperation(b, [ref(u), ref(c)]),
        createGroupOperation(c, [ref(a), ref(b), ref(u)]),
        createUserOperation(u),
        patchOperation(`/Groups/${ref(c)}`, { op: "remove", path: `members[value eq "${ref(b)}"]` }),
      );
      expect(await membersOf(one)).to.deep.equal([two, user].sort());
      expect(await membersOf(two)).to.deep.equal([three, user].sort());
      expect(await membersOf(three)).to.deep.equal([one, user].sort());
    });

    it("of two users who manage each other, and a user who manages himself", async () => {
      const [a = "", b = "", self = ""] = names("a", "b", "self");
      const [one = "", two = "", own = ""] = await done(
        createUserOperation(a, { [enterpriseUrn]: { department: "d", manager: ref(b) } }),
        createUserOperation(b, { [`${enterpriseUrn}:manager`]: { value: ref(a) } }),
        createUserOperation(self, managedBy(ref(self))),
      );
      expect(await Promise.all([one, two, own].map(managerOf))).to.deep.equal([two, one, own]);
      expect((await read("Users", one))[enterpriseUrn].department).to.equal("d");
    });

    it("but a group that contains itself is rejected and not created", async () => {
      const [g = "", u = ""] = names("g", "u");
      const [group, user] = await execute([createGroupOperation(g, [ref(u), ref(g)]), createUserOperation(u)]);
      expect(group).to.deep.include({ status: "400" }).and.not.have.property("location");
      expect(group?.response?.detail).to.contain("its own member");
      expect(user?.status).to.equal("201");
      expect(await groupsNamed(g)).to.equal(0);
    });

    it("but a resource that requires the reference is rejected with 409", async () => {
      const [g = "", u = ""] = names("g", "u");
      const [group, user] = await execute([
        createGroupOperation(g, [ref(u)]),
        createUserOperation(u, { userName: ref(g) }),
      ]);
      expect([group?.status, user?.status]).to.deep.equal(["409", "409"]);
      expect(user?.response?.detail).to.contain("userName");
    });

    it("and a resource that cannot be completed is reported with its location", async () => {
      const [a = "", b = ""] = names("a", "b");
      await done(createGroupOperation(a));
      for (const more of [{}, { failOnErrors: 1 }]) {
        const entries = await execute(
          [createGroupOperation(a, [ref(b)]), createGroupOperation(`${b}${Object.keys(more)}`, [ref(a)])].map(
            (each, at) => ({
              ...each,
              bulkId: [a, b][at],
            }),
          ),
          more,
        );
        expect(entries.map(({ status }) => status)).to.deep.equal(["409", "409"]);
        expect(entries[0]).to.not.have.property("location");
        expect(entries[1]?.response).to.not.have.property("scimType");
        expect(entries[1]?.response?.detail).to.contain("The resource was created").and.to.contain(a);
        expect(await membersOf(entries[1] ? idFromLocation(entries[1]) : "")).to.deep.equal([]);
      }
    });
  });

  describe("without a target fail with 409", () => {
    it("if no operation has the bulkId: no resource is created, and the reference is not stored", async () => {
      const [g = "", u = "", none = ""] = names("g", "u", "none");
      const entries = await execute([
        createGroupOperation(g, [ref(none)]),
        createUserOperation(u, managedBy(ref(none))),
        { method: "DELETE", path: `/Users/${ref(none)}` },
        createUserOperation(`${u}.ok`),
      ]);
      expect(entries.map(({ status }) => status)).to.deep.equal(["409", "409", "409", "201"]);
      for (const { response } of entries.slice(0, 3)) {
        expect(response?.detail).to.contain(none);
        expect(response).to.not.have.property("scimType");
      }
      expect(await groupsNamed(g)).to.equal(0);
    });

    it("if the target fails: dependent operations fail too, and no others", async () => {
      const [bad = "", g = "", h = "", u = ""] = names("bad", "g", "h", "u");
      const entries = await execute([
        createGroupOperation(h, [ref(g)]),
        createGroupOperation(g, [ref(bad), ref(u)]),
        createUserOperation(bad, { userName: " " }),
        createUserOperation(u),
      ]);
      expect(entries.map(({ status }) => status)).to.deep.equal(["409", "409", "400", "201"]);
      expect(entries[1]?.response?.detail).to.contain(bad);
      expect([await groupsNamed(g), await groupsNamed(h)]).to.deep.equal([0, 0]);
    });
  });
});
