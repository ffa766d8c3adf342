import { expect } from "chai";
import { engines } from "../../store/engines.ts";
import { type Agent, enterpriseUrn, type Service, startService } from "../../support/service.ts";
import { bulkRequest, type Entry, idIn, newGroup, newUser, patching } from "./bulk-request.ts";

for (const { name, open } of engines) {
  describe(`RFC 7644 3.7.1 and 3.7.2 references in a bulk on ${name}`, () => {
    let service: Service;
    let scim: Agent;
    before(async () => {
      service = await startService({ open });
      scim = await service.as(["admin:scim"]);
    });
    after(() => service.dispose());

    let number = 0;
    /** Names of this test alone. */
    const names = (...wanted: string[]): string[] => {
      number++;
      return wanted.map((each) => `${each}-${number}`);
    };
    const carriedOut = async (Operations: readonly unknown[], more: object = {}): Promise<Entry[]> =>
      (await scim.post("/scim/v2/Bulk").send(bulkRequest(Operations, more)).expect(200)).body.Operations;
    /** All of them succeed. @returns the ids of what they name */
    const done = async (...operations: readonly unknown[]): Promise<string[]> => {
      const entries = await carriedOut(operations);
      for (const entry of entries) expect(entry.status, JSON.stringify(entry)).to.match(/^2/);
      expect(entries).to.have.length(operations.length);
      return entries.map(idIn);
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

    describe("are replaced by the ids of what is created", () => {
      it("backward, several in one operation", async () => {
        const [a = "", b = "", g = ""] = names("a", "b", "g");
        const [one, two, group = ""] = await done(newUser(a), newUser(b), newGroup(g, [ref(a), ref(b), ref(a)]));
        expect(await membersOf(group)).to.deep.equal([one, two].sort());
      });

      it("forward: what is referred to is created first, and each resource once", async () => {
        const [a = "", b = "", inner = "", outer = ""] = names("a", "b", "inner", "outer");
        const [first = "", second = "", one, two] = await done(
          newGroup(outer, [ref(inner), ref(a)]),
          newGroup(inner, [ref(b)]),
          newUser(a),
          newUser(b),
        );
        expect(await membersOf(first)).to.deep.equal([second, one].sort());
        expect(await membersOf(second)).to.deep.equal([two]);
        expect([await groupsNamed(outer), await groupsNamed(inner)]).to.deep.equal([1, 1]);
        expect((await read("Groups", first)).meta.version).to.equal('W/"1"');
      });

      it("in a chain of 500 that is sent from its end", async () => {
        const [root = ""] = names("chain");
        const at = (index: number): string => `${root}.${index}`;
        const ids = await done(
          ...Array.from({ length: 500 }, (_, index) => newGroup(at(index), index < 499 ? [ref(at(index + 1))] : [])),
        );
        expect(await membersOf(ids[0] ?? "")).to.deep.equal([ids[1]]);
        expect(await membersOf(ids[498] ?? "")).to.deep.equal([ids[499]]);
      });

      it("in an operation's path, and in what PUT and PATCH say", async () => {
        const [a = "", b = "", c = "", g = "", h = ""] = names("a", "b", "c", "g", "h");
        const [group = "", other = "", , , third] = await done(
          newGroup(g, [ref(a), ref(b)]),
          newGroup(h, []),
          newUser(a),
          newUser(b),
          newUser(c),
          patching(
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

      it("in a manager, as an object and as a text", async () => {
        const [boss = "", a = "", b = ""] = names("boss", "a", "b");
        const [one = "", two = "", chief] = await done(
          newUser(a, managedBy(ref(boss))),
          newUser(b, { [`${enterpriseUrn}:manager`]: ref(boss) }),
          newUser(boss),
        );
        expect([await managerOf(one), await managerOf(two)]).to.deep.equal([chief, chief]);
      });

      it("never as a part of a text", async () => {
        const [a = "", b = ""] = names("a", "b");
        const title = `see ${ref(a)}, "${ref(a)}"`;
        const [, second = ""] = await done(newUser(a), newUser(b, { title }));
        expect((await read("Users", second)).title).to.equal(title);
      });

      it("also where the name is one that a filter or JSON would read something into", async () => {
        const [root = ""] = names("odd");
        const odd = `${root} "]\\ or value pr or value eq "x`;
        const [group = "", , other] = await done(
          newGroup(`${root}.g`, [ref(odd), ref(`${root}.b`)]),
          { ...newUser(`${root}.a`), bulkId: odd },
          newUser(`${root}.b`),
          patching(`/Groups/${ref(`${root}.g`)}`, {
            op: "remove",
            path: `members[value eq ${JSON.stringify(ref(odd))}]`,
          }),
        );
        expect(await membersOf(group)).to.deep.equal([other]);
      });

      it("without moving what is not referred to", async () => {
        const [a = "", b = "", g = ""] = names("a", "b", "g");
        const [id = ""] = await done(newUser(a));
        const title = (value: string) => patching(`/Users/${id}`, { op: "replace", path: "title", value });
        await done(title("first"), newGroup(g, [ref(b)]), title("second"), newUser(b), title("third"));
        expect(await read("Users", id)).to.deep.include({ title: "third" });
        expect((await read("Users", id)).meta.version).to.equal('W/"4"');
      });
    });

    describe("in a circle are completed within the request", () => {
      it("two groups that hold each other", async () => {
        const [a = "", b = ""] = names("a", "b");
        const entries = await carriedOut([newGroup(a, [ref(b)]), newGroup(b, [ref(a)])]);
        expect(entries.map(({ status }) => status)).to.deep.equal(["201", "201"]);
        const [one = "", two = ""] = entries.map(idIn);
        expect([await membersOf(one), await membersOf(two)]).to.deep.equal([[two], [one]]);
        expect([await groupsNamed(a), await groupsNamed(b)]).to.deep.equal([1, 1]);
        for (const [at, id] of [one, two].entries()) {
          expect((await read("Groups", id)).meta.version).to.equal(entries[at]?.version);
        }
      });

      it("three groups, with members who stand outside, and a removal that comes after", async () => {
        const [a = "", b = "", c = "", u = ""] = names("a", "b", "c", "u");
        const [one = "", two = "", three = "", user] = await done(
          newGroup(a, [ref(b), ref(u)]),
          newGroup(b, [ref(u), ref(c)]),
          newGroup(c, [ref(a), ref(b), ref(u)]),
          newUser(u),
          patching(`/Groups/${ref(c)}`, { op: "remove", path: `members[value eq "${ref(b)}"]` }),
        );
        expect(await membersOf(one)).to.deep.equal([two, user].sort());
        expect(await membersOf(two)).to.deep.equal([three, user].sort());
        expect(await membersOf(three)).to.deep.equal([one, user].sort());
      });

      it("two users who manage each other, and one who manages himself", async () => {
        const [a = "", b = "", self = ""] = names("a", "b", "self");
        const [one = "", two = "", own = ""] = await done(
          newUser(a, { [enterpriseUrn]: { department: "d", manager: ref(b) } }),
          newUser(b, { [`${enterpriseUrn}:manager`]: { value: ref(a) } }),
          newUser(self, managedBy(ref(self))),
        );
        expect(await Promise.all([one, two, own].map(managerOf))).to.deep.equal([two, one, own]);
        expect((await read("Users", one))[enterpriseUrn].department).to.equal("d");
      });

      it("a group that holds itself is refused, and is not made", async () => {
        const [g = "", u = ""] = names("g", "u");
        const [group, user] = await carriedOut([newGroup(g, [ref(u), ref(g)]), newUser(u)]);
        expect(group).to.deep.include({ status: "400" }).and.not.have.property("location");
        expect(group?.response?.detail).to.contain("its own member");
        expect(user?.status).to.equal("201");
        expect(await groupsNamed(g)).to.equal(0);
      });

      it("what cannot be created without the reference is refused with 409", async () => {
        const [g = "", u = ""] = names("g", "u");
        const [group, user] = await carriedOut([newGroup(g, [ref(u)]), newUser(u, { userName: ref(g) })]);
        expect([group?.status, user?.status]).to.deep.equal(["409", "409"]);
        expect(user?.response?.detail).to.contain("userName");
      });

      it("what has been created and cannot be completed says so, with its location", async () => {
        const [a = "", b = ""] = names("a", "b");
        await done(newGroup(a));
        for (const more of [{}, { failOnErrors: 1 }]) {
          const entries = await carriedOut(
            [newGroup(a, [ref(b)]), newGroup(`${b}${Object.keys(more)}`, [ref(a)])].map((each, at) => ({
              ...each,
              bulkId: [a, b][at],
            })),
            more,
          );
          expect(entries.map(({ status }) => status)).to.deep.equal(["409", "409"]);
          expect(entries[0]).to.not.have.property("location");
          expect(entries[1]?.response).to.not.have.property("scimType");
          expect(entries[1]?.response?.detail).to.contain("It has been created").and.to.contain(a);
          expect(await membersOf(entries[1] ? idIn(entries[1]) : "")).to.deep.equal([]);
        }
      });
    });

    describe("that name nothing are errors of their operation, with 409", () => {
      it("nothing in this request has the bulkId: no resource is made, and no text is kept", async () => {
        const [g = "", u = "", none = ""] = names("g", "u", "none");
        const entries = await carriedOut([
          newGroup(g, [ref(none)]),
          newUser(u, managedBy(ref(none))),
          { method: "DELETE", path: `/Users/${ref(none)}` },
          newUser(`${u}.ok`),
        ]);
        expect(entries.map(({ status }) => status)).to.deep.equal(["409", "409", "409", "201"]);
        for (const { response } of entries.slice(0, 3)) {
          expect(response?.detail).to.contain(none);
          expect(response).to.not.have.property("scimType");
        }
        expect(await groupsNamed(g)).to.equal(0);
      });

      it("what they name has failed: so does all that hangs on it, and nothing else", async () => {
        const [bad = "", g = "", h = "", u = ""] = names("bad", "g", "h", "u");
        const entries = await carriedOut([
          newGroup(h, [ref(g)]),
          newGroup(g, [ref(bad), ref(u)]),
          newUser(bad, { userName: " " }),
          newUser(u),
        ]);
        expect(entries.map(({ status }) => status)).to.deep.equal(["409", "409", "400", "201"]);
        expect(entries[1]?.response?.detail).to.contain(bad);
        expect([await groupsNamed(g), await groupsNamed(h)]).to.deep.equal([0, 0]);
      });
    });
  });
}
