import { expect } from "chai";
import fc from "fast-check";
import { requestLog } from "../../../../src/store/collections.ts";
import { describeOnEngines } from "../../../store/engines.fixture.ts";
import { anyCharacter } from "../../../support/any-character.ts";
import { type Agent, type Service, startService, userUrn } from "../../../support/service.ts";
import {
  type BulkResponseOperation,
  buildBulkRequest,
  createGroupOperation,
  createUserOperation,
  patchOperation,
} from "./bulk.fixture.ts";

const errorUrn = "urn:ietf:params:scim:api:messages:2.0:Error";

describeOnEngines("RFC 7644 3.7: bulk errors", (open) => {
  let service: Service;
  let scim: Agent;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  let number = 0;
  const fresh = (prefix: string): string => `${prefix}${++number}`;
  const send = (body: unknown) => scim.post("/scim/v2/Bulk").type("application/scim+json").send(JSON.stringify(body));
  const execute = async (Operations: readonly unknown[], more: object = {}): Promise<BulkResponseOperation[]> => {
    const { body } = await send(buildBulkRequest(Operations, more)).expect(200);
    expect(body.schemas).to.deep.equal(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]);
    return body.Operations;
  };
  const statuses = (entries: readonly BulkResponseOperation[]): string[] => entries.map(({ status }) => status);
  const count = async (type: string, filter: string): Promise<number> =>
    (await scim.get(`/scim/v2/${type}`).query({ filter, count: 0 }).expect(200)).body.totalResults;

  describe("an invalid operation fails alone:", () => {
    const fine = () => createUserOperation(fresh("fine"));
    const wrong: Record<
      string,
      [operation: () => unknown, status: string, scimType: string | undefined, named: string]
    > = {
      "that is null": [() => null, "400", "invalidSyntax", "object"],
      "that is a string": [() => "POST /Users", "400", "invalidSyntax", "object"],
      "without a method": [() => ({ ...fine(), method: undefined }), "400", "invalidSyntax", "method"],
      "with GET": [() => ({ method: "GET", path: "/Users/x" }), "400", "invalidSyntax", "method"],
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
      "with POST and an id": [() => ({ ...fine(), path: "/Users/x" }), "400", "invalidValue", "POST"],
      "with PATCH and no id": [() => patchOperation("/Users"), "400", "invalidValue", "PATCH"],
      "with POST and no bulkId": [() => ({ ...fine(), bulkId: undefined }), "400", "invalidValue", "bulkId"],
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
      "on an unknown user": [() => ({ method: "DELETE", path: "/Users/usr_0" }), "404", undefined, "not found"],
      "with an invalid PATCH of an unknown user": [
        () => ({ ...patchOperation("/Users/x"), data: {} }),
        "404",
        undefined,
        "not found",
      ],
      "with an unterminated path": [
        () => patchOperation("/Groups/x", { op: "remove", path: 'members[value eq "' }),
        "400",
        "invalidFilter",
        "quote",
      ],
    };
    for (const [description, [operation, status, scimType, named]] of Object.entries(wrong)) {
      it(`${description} returns ${status} ${scimType ?? ""}`, async () => {
        const [first, entry, last] = await execute([fine(), operation(), fine()]);
        expect([first?.status, last?.status]).to.deep.equal(["201", "201"]);
        expect(entry).to.include({ status });
        expect(entry?.response).to.deep.include({ schemas: [errorUrn], status });
        expect(entry?.response?.scimType).to.equal(scimType);
        expect(entry?.response?.detail).to.contain(named);
      });
    }

    it("a duplicate userName returns 409 uniqueness, also within the request", async () => {
      const operation = createUserOperation(fresh("duplicate"));
      const [first, second] = await execute([operation, { ...operation, bulkId: fresh("other") }]);
      expect(first?.status).to.equal("201");
      expect(second).to.deep.include({ status: "409", method: "POST" }).and.not.have.property("location");
      expect(second?.response?.scimType).to.equal("uniqueness");
    });

    it("duplicate bulkIds are ambiguous and fail", async () => {
      const operation = createUserOperation(fresh("shared"));
      const other = { ...createUserOperation(fresh("other")), bulkId: operation.bulkId };
      const entries = await execute([
        operation,
        createGroupOperation(fresh("g"), [`bulkId:${operation.bulkId}`]),
        other,
      ]);
      expect(statuses(entries)).to.deep.equal(["400", "409", "400"]);
      expect(entries[0]?.response?.detail).to.contain(operation.bulkId);
      expect(await count("Users", `userName eq "${operation.bulkId}"`)).to.equal(0);
    });

    it("errors appear in the request log, although the request succeeds", async () => {
      const own = await startService({ open });
      const agent = await own.clientWithScopes(["admin:scim"]);
      await agent
        .post("/scim/v2/Bulk")
        .send(buildBulkRequest([createUserOperation("a"), createUserOperation("b", { userName: 5 })]))
        .expect(200);
      await own.shutDown();
      const { items } = await own.store.for(own.organizationId).open(requestLog).list({ limit: 10 });
      expect(items.map(({ status, detail }) => [status, detail])).to.deep.equal([
        [200, "1 of 2 operations failed: userName must be a string."],
      ]);
      await own.dispose();
    });
  });

  describe("an invalid message is rejected as a whole:", () => {
    for (const [description, body] of Object.entries({
      "no schemas": { Operations: [] },
      "the schemas of another message": { schemas: [userUrn], Operations: [] },
      "no Operations": { schemas: buildBulkRequest([]).schemas },
      "Operations that are an object": buildBulkRequest([], { Operations: {} }),
      "Operations twice": buildBulkRequest([], { operations: [] }),
      "a list": [],
      "a string": "x",
      null: null,
    })) {
      it(description, async () => {
        expect((await send(body).expect(400)).body).to.deep.include({
          scimType: "invalidSyntax",
          schemas: [errorUrn],
        });
      });
    }

    it("keys that could reach a prototype, at any depth", async () => {
      const user = createUserOperation(fresh("inherited"));
      for (const more of [{ constructor: "x" }, { constructor: { x: 1 } }, { "a.constructor": 1 }]) {
        for (const Operations of [[more], [user, { ...user, ...more }], [{ ...user, data: more }]]) {
          expect((await send(buildBulkRequest(Operations)).expect(400)).body.scimType).to.equal("invalidSyntax");
        }
      }
      expect(Object.keys(Object.prototype)).to.deep.equal([]);
      expect(await count("Users", `userName eq "${user.bulkId}"`)).to.equal(0);
    });

    it("a method other than POST returns 405", async () => {
      expect((await scim.get("/scim/v2/Bulk").expect(405)).headers["allow"]).to.equal("POST");
    });
  });

  it("never returns a 500 for the request or one of its operations", async () => {
    const scrap = fc.oneof(
      fc.constantFrom("bulkId:a", "bulkId:b", "bulkId:", "a", "/Users", "/Groups", "/Groups/bulkId:a", "POST", 'W/"1"'),
      fc.string({ unit: anyCharacter, maxLength: 5 }),
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
        const response = await send(buildBulkRequest([], { Operations }));
        expect(response.status, response.text).to.be.oneOf([200, 400]);
        for (const { status } of response.body.Operations ?? []) expect(status, response.text).to.not.match(/^5/);
      }),
      { numRuns: 200 },
    );
  });
});
