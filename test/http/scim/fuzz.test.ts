import { expect } from "chai";
import fc from "fast-check";
import { AppError } from "../../../src/errors.ts";
import { conditionOf } from "../../../src/http/scim/filter.ts";
import { parsePatchPath } from "../../../src/http/scim/filter-parser.ts";
import { groupPatch } from "../../../src/http/scim/group-patch.ts";
import { inboundGroup, inboundUser, outboundAttributes } from "../../../src/http/scim/inbound.ts";
import { patchedUser } from "../../../src/http/scim/patch.ts";
import { patchOperations } from "../../../src/http/scim/patch-message.ts";
import { groupSchema, userSchema } from "../../../src/http/scim/schema.ts";
import { type Agent, enterpriseUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";

/** Words that mean something somewhere, so that inputs get further than the first character. */
const word = fc.constantFrom(
  ...["userName", "USERNAME", "emails", "emails.type", "name.givenName", "active", "members", "manager", "meta", "id"],
  ...["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr", "and", "or", "not", "true", "null", "value", "type"],
  ...["(", ")", "[", "]", '"', '"x"', '"\\"', "\\", ".", ":", ",", " ", "5", "-1e9", "$ref", "", "\n", "é", "😀"],
  ...["__proto__", "constructor", "prototype", "$where", "toString", "hasOwnProperty", "folded.userName"],
  ...[userUrn, enterpriseUrn, `${enterpriseUrn}:department`, `${userUrn}:`, "urn:", "bulkId:a", "bulkId:"],
);
const text = fc.oneof(
  fc
    .array(fc.oneof({ weight: 6, arbitrary: word }, fc.string({ unit: "binary", maxLength: 4 })), { maxLength: 14 })
    .chain((words) => fc.constantFrom("", " ").map((between) => words.join(between))),
  fc.string({ unit: "grapheme", maxLength: 40 }),
);
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(text, fc.boolean(), fc.constant(null), fc.double(), fc.integer()),
    fc.array(tie("value"), { maxLength: 3 }),
    // As JSON.parse makes it: `__proto__` is a name like any other.
    fc
      .dictionary(fc.oneof(word, text), tie("value"), { maxKeys: 4 })
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

/** The only way out besides an answer is a fault that the caller can be told. */
function refusedOrDone(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof AppError) || error.fault === "internal") throw error;
  }
}

const objectNames = Object.getOwnPropertyNames(Object.prototype);
const untouched = (): void => {
  expect(Object.getOwnPropertyNames(Object.prototype)).to.deep.equal(objectNames);
  expect(Object.keys({})).to.deep.equal([]);
};

describe("Whatever is sent", function () {
  this.timeout(300_000);
  afterEach(untouched);

  it("as a filter is a question or refused", () => {
    fc.assert(
      fc.property(text, (filter) => {
        refusedOrDone(() => conditionOf(filter, userSchema));
        refusedOrDone(() => conditionOf(filter, groupSchema));
      }),
      { numRuns: 40_000 },
    );
  });

  it("as a PATCH path is a path or refused", () => {
    fc.assert(
      fc.property(text, (path) => refusedOrDone(() => parsePatchPath(path))),
      { numRuns: 25_000 },
    );
  });

  it("as a PATCH of a user gives a user or is refused, and leaves the stored one as it was", () => {
    const stored = JSON.stringify(user);
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 4 }), (Operations) => {
        refusedOrDone(() => {
          const operations = patchOperations({ schemas: [patchUrn], Operations });
          inboundUser(patchedUser("usr_1", outboundAttributes(user), operations));
        });
        expect(JSON.stringify(user)).to.equal(stored);
      }),
      { numRuns: 20_000 },
    );
  });

  it("as a PATCH of a group gives steps or is refused", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 4 }), (Operations) =>
        refusedOrDone(() => groupPatch("grp_1", patchOperations({ schemas: [patchUrn], Operations }))),
      ),
      { numRuns: 10_000 },
    );
  });

  it("as a user or group is one or refused", () => {
    fc.assert(
      fc.property(json, (body) => {
        refusedOrDone(() => inboundUser(body));
        refusedOrDone(() => inboundGroup(body));
      }),
      { numRuns: 5000 },
    );
  });

  describe("over HTTP", () => {
    let service: Service;
    let scim: Agent;
    let userId: string;
    before(async () => {
      service = await startService();
      scim = await service.as(["admin:scim"]);
      userId = (await scim.post("/scim/v2/Users").send({ schemas: [userUrn], ...user, enterpriseUser: undefined })).body
        .id;
    });
    after(() => service.dispose());

    const answered = async (request: PromiseLike<{ status: number; text: string }>): Promise<void> => {
      const { status, text: answer } = await request;
      expect(status, answer).to.be.oneOf([200, 201, 204, 400, 404, 409, 413, 501]);
    };

    it("as a PATCH is answered without a 500", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 3 }), (Operations) =>
          answered(scim.patch(`/scim/v2/Users/${userId}`).send({ schemas: [patchUrn], Operations })),
        ),
        { numRuns: 400 },
      );
    });

    it("as a filter is answered without a 500", async () => {
      await fc.assert(
        fc.asyncProperty(text, (filter) =>
          answered(scim.get("/scim/v2/Groups").query({ filter: filter.toWellFormed() })),
        ),
        { numRuns: 400 },
      );
    });

    it("as a bulk is answered without a 500, also for one of its operations", async () => {
      const one = fc.oneof(
        json,
        fc.record(
          {
            method: fc.constantFrom("POST", "post", "PUT", "PATCH", "DELETE", "GET", "x"),
            path: fc.oneof(fc.constantFrom("/Users", "/Groups", `/Users/${userId}x`, "/Users/bulkId:a", "/Me"), text),
            bulkId: fc.oneof(fc.constantFrom("a", "b", "__proto__"), text),
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
          const answer = await scim
            .post("/scim/v2/Bulk")
            .send({ schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], Operations });
          expect(answer.status, answer.text).to.be.oneOf([200, 400]);
          for (const { status } of answer.body.Operations ?? []) expect(status, answer.text).to.not.match(/^5/);
        }),
        { numRuns: 600 },
      );
    });
  });
});
