import { expect } from "chai";
import fc from "fast-check";
import { requestLog } from "../../../src/store/collections.ts";
import { engines } from "../../store/engines.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";
import { bulkRequest, type Entry, newGroup, newUser, patching } from "./bulk-request.ts";

const errorUrn = "urn:ietf:params:scim:api:messages:2.0:Error";

for (const { name, open } of engines) {
  describe(`RFC 7644 3.7 what a bulk refuses, on ${name}`, () => {
    let service: Service;
    let scim: Agent;
    before(async () => {
      service = await startService({ open });
      scim = await service.as(["admin:scim"]);
    });
    after(() => service.dispose());

    let number = 0;
    const fresh = (what: string): string => `${what}${++number}`;
    const send = (body: unknown) => scim.post("/scim/v2/Bulk").type("application/scim+json").send(JSON.stringify(body));
    const carriedOut = async (Operations: readonly unknown[], more: object = {}): Promise<Entry[]> => {
      const { body } = await send(bulkRequest(Operations, more)).expect(200);
      expect(body.schemas).to.deep.equal(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]);
      return body.Operations;
    };
    const statuses = (entries: readonly Entry[]): string[] => entries.map(({ status }) => status);
    const count = async (type: string, filter: string): Promise<number> =>
      (await scim.get(`/scim/v2/${type}`).query({ filter, count: 0 }).expect(200)).body.totalResults;

    describe("an operation that is wrong is an error of its own, and the others are carried out", () => {
      const fine = () => newUser(fresh("fine"));
      const wrong: Record<
        string,
        [operation: () => unknown, status: string, scimType: string | undefined, named: string]
      > = {
        "that is null": [() => null, "400", "invalidSyntax", "object"],
        "that is a text": [() => "POST /Users", "400", "invalidSyntax", "object"],
        "without a method": [() => ({ ...fine(), method: undefined }), "400", "invalidSyntax", "method"],
        "that reads": [() => ({ method: "GET", path: "/Users/x" }), "400", "invalidSyntax", "method"],
        "with an unknown method": [() => ({ ...fine(), method: "constructor" }), "400", "invalidSyntax", "method"],
        "with two methods": [() => ({ ...fine(), METHOD: "DELETE" }), "400", "invalidSyntax", "method"],
        "without a path": [() => ({ ...fine(), path: undefined }), "400", "invalidValue", "path"],
        "on an unknown type": [() => ({ ...fine(), path: "/Printers" }), "400", "invalidValue", "path"],
        "on /Me": [() => ({ method: "DELETE", path: "/Me" }), "400", "invalidValue", "path"],
        "on a whole URL": [
          () => ({ ...fine(), path: "https://gatehouse.example/scim/v2/Users" }),
          "400",
          "invalidValue",
          "path",
        ],
        "on a path with a query": [() => ({ method: "DELETE", path: "/Users/x?y" }), "400", "invalidValue", "path"],
        "that creates at an id": [() => ({ ...fine(), path: "/Users/x" }), "400", "invalidValue", "POST"],
        "that changes no resource": [() => patching("/Users"), "400", "invalidValue", "PATCH"],
        "that creates without bulkId": [() => ({ ...fine(), bulkId: undefined }), "400", "invalidValue", "bulkId"],
        "with an empty bulkId": [() => ({ ...fine(), bulkId: "" }), "400", "invalidValue", "bulkId"],
        "with a bulkId that is a number": [() => ({ ...fine(), bulkId: 1 }), "400", "invalidValue", "bulkId"],
        "with a version that is a number": [
          () => ({ method: "DELETE", path: "/Users/x", version: 3 }),
          "400",
          "invalidValue",
          "version",
        ],
        "without data": [() => ({ ...fine(), data: undefined }), "400", "invalidSyntax", "data"],
        "with data that is a list": [() => ({ ...fine(), data: [] }), "400", "invalidSyntax", "data"],
        "on a user without userName": [() => ({ ...fine(), data: { title: "x" } }), "400", "invalidValue", "userName"],
        "on nobody": [() => ({ method: "DELETE", path: "/Users/usr_0" }), "404", undefined, "no such user"],
        "with a PATCH that is none": [() => ({ ...patching("/Users/x"), data: {} }), "400", "invalidSyntax", "PatchOp"],
        "with a path that has no end": [
          () => patching("/Groups/x", { op: "remove", path: 'members[value eq "' }),
          "400",
          "invalidFilter",
          "quote",
        ],
      };
      for (const [what, [operation, status, scimType, named]] of Object.entries(wrong)) {
        it(`one ${what}: ${status} ${scimType ?? ""}`, async () => {
          const [first, entry, last] = await carriedOut([fine(), operation(), fine()]);
          expect([first?.status, last?.status]).to.deep.equal(["201", "201"]);
          expect(entry).to.include({ status });
          expect(entry?.response).to.deep.include({ schemas: [errorUrn], status });
          expect(entry?.response?.scimType).to.equal(scimType);
          expect(entry?.response?.detail).to.contain(named);
        });
      }

      it("one whose userName is taken: 409 uniqueness, also by another of the same request", async () => {
        const operation = newUser(fresh("twin"));
        const [first, second] = await carriedOut([operation, { ...operation, bulkId: fresh("other") }]);
        expect(first?.status).to.equal("201");
        expect(second).to.deep.include({ status: "409", method: "POST" }).and.not.have.property("location");
        expect(second?.response?.scimType).to.equal("uniqueness");
      });

      it("all that share a bulkId: it could mean any of them", async () => {
        const operation = newUser(fresh("shared"));
        const other = { ...newUser(fresh("other")), bulkId: operation.bulkId };
        const entries = await carriedOut([operation, newGroup(fresh("g"), [`bulkId:${operation.bulkId}`]), other]);
        expect(statuses(entries)).to.deep.equal(["400", "409", "400"]);
        expect(entries[0]?.response?.detail).to.contain(operation.bulkId);
        expect(await count("Users", `userName eq "${operation.bulkId}"`)).to.equal(0);
      });

      it("is told of in the request log, although the request has succeeded", async () => {
        const own = await startService({ open });
        const agent = await own.as(["admin:scim"]);
        await agent
          .post("/scim/v2/Bulk")
          .send(bulkRequest([newUser("a"), newUser("b", { userName: 5 })]))
          .expect(200);
        await own.settle();
        const { items } = await own.store.for(own.organizationId).open(requestLog).list({ limit: 10 });
        expect(items.map(({ status, detail }) => [status, detail])).to.deep.equal([
          [200, "1 of 2 operations failed: userName must be a text."],
        ]);
        await own.dispose();
      });
    });

    describe("a message that is none is refused as a whole", () => {
      for (const [what, body] of Object.entries({
        "no schemas": { Operations: [] },
        "the schemas of another message": { schemas: [userUrn], Operations: [] },
        "no Operations": { schemas: bulkRequest([]).schemas },
        "Operations that are an object": bulkRequest([], { Operations: {} }),
        "Operations twice": bulkRequest([], { operations: [] }),
        "a list": [],
        "a text": "x",
        null: null,
      })) {
        it(what, async () => {
          expect((await send(body).expect(400)).body).to.deep.include({
            scimType: "invalidSyntax",
            schemas: [errorUrn],
          });
        });
      }

      it("keys that reach for a prototype, wherever they stand", async () => {
        const user = newUser(fresh("poisoned"));
        for (const poison of ['{"__proto__":{"x":1}}', '{"constructor":{"prototype":{"x":1}}}', '{"a.__proto__":1}']) {
          const more = JSON.parse(poison) as object;
          for (const Operations of [[more], [user, { ...user, ...more }], [{ ...user, data: more }]]) {
            expect((await send(bulkRequest(Operations)).expect(400)).body.scimType).to.equal("invalidSyntax");
          }
        }
        expect(({} as Record<string, unknown>)["x"]).to.equal(undefined);
        expect(await count("Users", `userName eq "${user.bulkId}"`)).to.equal(0);
      });

      it("a method other than POST: 405", async () => {
        expect((await scim.get("/scim/v2/Bulk").expect(405)).headers["allow"]).to.equal("POST");
      });
    });

    it("whatever is sent, neither the request nor an operation is answered with a 500", async () => {
      const scrap = fc.oneof(
        fc.constantFrom(
          "bulkId:a",
          "bulkId:b",
          "bulkId:",
          "a",
          "/Users",
          "/Groups",
          "/Groups/bulkId:a",
          "POST",
          'W/"1"',
        ),
        fc.string({ unit: "binary", maxLength: 5 }),
      );
      const { json } = fc.letrec<{ json: unknown }>((tie) => ({
        json: fc.oneof(
          { depthSize: "small" },
          fc.oneof(scrap, fc.boolean(), fc.constant(null), fc.double()),
          fc.array(tie("json"), { maxLength: 3 }),
          fc.dictionary(scrap, tie("json"), { maxKeys: 3 }),
        ),
      }));
      const members = fc.array(fc.record({ value: fc.constantFrom("bulkId:a", "bulkId:b", "bulkId:c") }), {
        maxLength: 3,
      });
      const operation = fc.record(
        {
          method: fc.constantFrom("POST", "post", "PUT", "Patch", "DELETE"),
          path: fc.constantFrom("/Users", "/Groups", "/Users/bulkId:a", "/Groups/bulkId:b", "/Groups/bulkId:a"),
          bulkId: fc.constantFrom("a", "b", "c", "d"),
          version: scrap,
          data: fc.oneof(
            json,
            fc.record({ displayName: scrap, members }),
            fc.record({ userName: scrap, manager: fc.constantFrom("bulkId:a", "bulkId:c") }),
            fc.record({ Operations: fc.array(fc.record({ op: scrap, path: scrap, value: json }), { maxLength: 2 }) }),
          ),
        },
        { requiredKeys: ["method", "path"] },
      );
      await fc.assert(
        fc.asyncProperty(fc.oneof(json, fc.array(fc.oneof(operation, json), { maxLength: 6 })), async (Operations) => {
          const answer = await send(bulkRequest([], { Operations }));
          expect(answer.status, answer.text).to.be.oneOf([200, 400]);
          for (const { status } of answer.body.Operations ?? []) expect(status, answer.text).to.not.match(/^5/);
        }),
        { numRuns: 200 },
      );
    });
  });
}
