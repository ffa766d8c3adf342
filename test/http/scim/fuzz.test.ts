import { expect } from "chai";
import fc from "fast-check";
import { AppError } from "../../../src/errors.ts";
import { toFilterCondition } from "../../../src/scim/filter/condition.ts";
import { parsePatchPath } from "../../../src/scim/filter/parser.ts";
import { toGroupPatch } from "../../../src/scim/patch/group-patch.ts";
import { parsePatchOperations } from "../../../src/scim/patch/message.ts";
import { applyUserPatch } from "../../../src/scim/patch/user-patch.ts";
import { groupSchema, userSchema } from "../../../src/scim/schema/resource-schema.ts";
import { parseGroup, parseUser, toScimAttributes } from "../../../src/scim/values/inbound.ts";
import { anyCharacter } from "../../support/any-character.ts";
import { repetitionsOf } from "../../support/repetitions.ts";
import { type Agent, enterpriseUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";

/** Tokens with a meaning, so that inputs get past the first character. */
const token = fc.constantFrom(
  ...["userName", "USERNAME", "emails", "emails.type", "name.givenName", "active", "members", "manager", "meta", "id"],
  ...["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr", "and", "or", "not", "true", "null", "value", "type"],
  ...["(", ")", "[", "]", '"', '"x"', '"\\"', "\\", ".", ":", ",", " ", "5", "-1e9", "$ref", "", "\n", "é", "😀"],
  ...["valueOf", "isPrototypeOf", "$where", "toString", "hasOwnProperty", "normalized.userName"],
  ...[userUrn, enterpriseUrn, `${enterpriseUrn}:department`, `${userUrn}:`, "urn:", "bulkId:a", "bulkId:"],
);
const text = fc.oneof(
  fc
    .array(fc.oneof({ weight: 6, arbitrary: token }, fc.string({ unit: anyCharacter, maxLength: 4 })), {
      maxLength: 14,
    })
    .chain((tokens) => fc.constantFrom("", " ").map((separator) => tokens.join(separator))),
  fc.string({ unit: "grapheme", maxLength: 40 }),
);
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(text, fc.boolean(), fc.constant(null), fc.double(), fc.integer()),
    fc.array(tie("value"), { maxLength: 3 }),
    // Like the output of JSON.parse: plain objects whose own keys can have any name.
    fc
      .dictionary(fc.oneof(token, text), tie("value"), { maxKeys: 4 })
      .map((it) => JSON.parse(JSON.stringify(it)) as unknown),
  ),
})).value;
const operation = fc.record(
  {
    op: fc.constantFrom("add", "Remove", "replace", "REPLACE", "move", ""),
    path: text,
    value: json,
  },
  { requiredKeys: ["op"] },
);
const user = {
  userName: "bjensen",
  active: true,
  name: { givenName: "Barbara" },
  emails: [
    { value: "b@example.com", type: "work", primary: true },
    { value: "h@example.com", type: "home" },
  ],
  enterpriseUser: { department: "Tours", manager: { value: "usr_boss" } },
};

/** Runs the function. Fails for any error that is not a client error. */
function succeedsOrRejects(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "internal") throw error;
  }
}

const objectNames = Object.getOwnPropertyNames(Object.prototype);
const assertPrototypeUnchanged = (): void => {
  expect(Object.getOwnPropertyNames(Object.prototype)).to.deep.equal(objectNames);
  expect(Object.keys({})).to.deep.equal([]);
};

describe("Arbitrary input", function () {
  this.timeout(300_000);
  afterEach(assertPrototypeUnchanged);

  it("as a filter is translated or rejected", () => {
    fc.assert(
      fc.property(text, (filter) => {
        succeedsOrRejects(() => toFilterCondition(filter, userSchema));
        succeedsOrRejects(() => toFilterCondition(filter, groupSchema));
      }),
      { numRuns: repetitionsOf(40_000) },
    );
  });

  it("as a PATCH path is parsed or rejected", () => {
    fc.assert(
      fc.property(text, (path) => succeedsOrRejects(() => parsePatchPath(path))),
      { numRuns: repetitionsOf(25_000) },
    );
  });

  it("as a PATCH of a user results in a valid user or is rejected, and leaves its input unchanged", () => {
    const stored = JSON.stringify(user);
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 4 }), (Operations) => {
        succeedsOrRejects(() => {
          const operations = parsePatchOperations({ schemas: [patchUrn], Operations });
          parseUser(applyUserPatch("usr_1", toScimAttributes(user), operations));
        });
        expect(JSON.stringify(user)).to.equal(stored);
      }),
      { numRuns: repetitionsOf(20_000) },
    );
  });

  it("as a PATCH of a group results in changes or is rejected", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 4 }), (Operations) =>
        succeedsOrRejects(() => toGroupPatch("grp_1", parsePatchOperations({ schemas: [patchUrn], Operations }))),
      ),
      { numRuns: repetitionsOf(10_000) },
    );
  });

  it("as a user or a group is parsed or rejected", () => {
    fc.assert(
      fc.property(json, (body) => {
        succeedsOrRejects(() => parseUser(body));
        succeedsOrRejects(() => parseGroup(body));
      }),
      { numRuns: repetitionsOf(5000) },
    );
  });

  describe("over HTTP", () => {
    let service: Service;
    let scim: Agent;
    let userId: string;
    before(async () => {
      service = await startService();
      scim = await service.clientWithScopes(["admin:scim"]);
      userId = (await scim.post("/scim/v2/Users").send({ schemas: [userUrn], ...user, enterpriseUser: undefined })).body
        .id;
    });
    after(() => service.dispose());

    const expectClientStatus = async (request: PromiseLike<{ status: number; text: string }>): Promise<void> => {
      const { status, text: body } = await request;
      expect(status, body).to.be.oneOf([200, 201, 204, 400, 404, 409, 413, 501]);
    };

    it("as a PATCH never returns a 500", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 3 }), (Operations) =>
          expectClientStatus(scim.patch(`/scim/v2/Users/${userId}`).send({ schemas: [patchUrn], Operations })),
        ),
        { numRuns: repetitionsOf(400) },
      );
    });

    it("as a filter never returns a 500", async () => {
      await fc.assert(
        fc.asyncProperty(text, (filter) =>
          expectClientStatus(scim.get("/scim/v2/Groups").query({ filter: filter.toWellFormed() })),
        ),
        { numRuns: repetitionsOf(400) },
      );
    });

    it("as a bulk request never returns a 500, nor does one of its operations", async () => {
      const one = fc.oneof(
        json,
        fc.record(
          {
            method: fc.constantFrom("POST", "post", "PUT", "PATCH", "DELETE", "GET", "x"),
            path: fc.oneof(fc.constantFrom("/Users", "/Groups", `/Users/${userId}x`, "/Users/bulkId:a", "/Me"), text),
            bulkId: fc.oneof(fc.constantFrom("a", "b", "toString"), text),
            version: text,
            data: fc.oneof(
              json,
              fc.record({ userName: text, displayName: text, members: fc.array(fc.record({ value: text })) }),
            ),
          },
          { requiredKeys: [] },
        ),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(one, { maxLength: 5 }), async (Operations) => {
          const response = await scim
            .post("/scim/v2/Bulk")
            .send({ schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], Operations });
          expect(response.status, response.text).to.be.oneOf([200, 400]);
          for (const { status } of response.body.Operations ?? []) expect(status, response.text).to.not.match(/^5/);
        }),
        { numRuns: repetitionsOf(600) },
      );
    });
  });
});
