import { expect } from "chai";
import fc from "fast-check";
import { type Agent, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";
import { declareExtension, extensionClients } from "./extensions.fixture.ts";

const urn = "urn:example:random:User";
type Values = Readonly<Record<string, unknown>>;

/** Never empty, and never like JSON. */
const text = fc.string({ unit: "grapheme", maxLength: 20 }).map((each) => `v${each.replaceAll("\0", "")}`);
const valuesByType: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  string: text,
  reference: text.map((each) => `https://example/${encodeURIComponent(each)}`),
  boolean: fc.boolean(),
  integer: fc.maxSafeInteger(),
  decimal: fc.double({ noNaN: true, noDefaultInfinity: true }),
  dateTime: fc
    .date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T00:00:00Z"), noInvalidDate: true })
    .map((date) => date.toISOString()),
  binary: fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("base64")),
};
const simpleTypes = Object.keys(valuesByType);
const names = (max: number) =>
  fc.uniqueArray(fc.stringMatching(/^x[A-Za-z0-9_-]{0,8}$/), {
    minLength: 1,
    maxLength: max,
    selector: (name) => name.toLowerCase(),
  });

/** An attribute with an arbitrary value of it. */
function attributeNamed(name: string): fc.Arbitrary<{ readonly attribute: object; readonly value: unknown }> {
  const simple = fc.record({ type: fc.constantFrom(...simpleTypes), caseExact: fc.boolean() }).chain((rest) =>
    fc.record({
      attribute: fc.constant({ name, ...rest, indexed: rest.type !== "binary" && name.length % 3 === 0 }),
      value: valuesByType[rest.type] ?? text,
    }),
  );
  const complex = names(4).chain((subNames) =>
    fc
      .tuple(...subNames.map((sub) => fc.constantFrom(...simpleTypes).map((type) => ({ name: sub, type }))))
      .chain((subAttributes) =>
        fc.record({
          attribute: fc.constant({ name, type: "complex", subAttributes }),
          value: fc.record(Object.fromEntries(subAttributes.map((sub) => [sub.name, valuesByType[sub.type] ?? text])), {
            requiredKeys: [subAttributes[0]?.name ?? ""],
          }),
        }),
      ),
  );
  const single = fc.oneof({ arbitrary: simple, weight: 3 }, { arbitrary: complex, weight: 1 });
  const multiple = simple.chain(({ attribute }) =>
    fc
      .uniqueArray(valuesByType[(attribute as { type: string }).type] ?? text, { minLength: 1, maxLength: 4 })
      .map((value) => ({ attribute: { ...attribute, multiValued: true }, value })),
  );
  return fc.oneof({ arbitrary: single, weight: 3 }, { arbitrary: multiple, weight: 1 });
}

/** The attributes of a schema, and values of all of them. JSON has no negative zero. */
const arbitrarySchema = names(8)
  .chain((all) => fc.tuple(...all.map(attributeNamed)))
  .map((all) => ({
    attributes: all.map(({ attribute }, at) => ({ indexed: false, ...attribute, ...(at > 4 && { indexed: false }) })),
    values: JSON.parse(
      JSON.stringify(
        Object.fromEntries(all.map(({ attribute, value }) => [(attribute as { name: string }).name, value])),
      ),
    ) as Values,
  }));

const subAttributeOfSameName = {
  attributes: [{ name: "x", type: "complex", subAttributes: [{ name: "x", type: "string" }], indexed: false }],
  values: { x: { x: "v" } },
};

describe("RFC 7643 3.3: any extension", () => {
  let service: Service;
  let admin: Agent;
  let scim: Agent;
  before(async () => {
    service = await startService();
    ({ admin, scim } = await extensionClients(service, "random"));
  });
  after(() => service.dispose());

  let count = 0;
  const create = async (more: object) => {
    const sent = { schemas: [userUrn], userName: `u${++count}`, ...more };
    return (await scim.post("/scim/v2/Users").send(sent).expect(201)).body;
  };
  const patch = async (id: string, Operations: readonly object[]) =>
    (
      await scim
        .patch(`/scim/v2/Users/${id}`)
        .send({ schemas: [patchUrn], Operations })
        .expect(200)
    ).body[urn];

  it("GET returns what POST sent, PATCH by path is PATCH without a path, and an index finds what is stored", async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySchema, async ({ attributes, values }) => {
        await declareExtension(admin, urn, { resourceType: "User", attributes });
        try {
          const { id } = await create({ [urn]: values });
          expect((await scim.get(`/scim/v2/Users/${id}`).expect(200)).body[urn]).to.deep.equal(values);

          const paths = Object.entries(values).map(([name, value]) => ({ op: "add", path: `${urn}:${name}`, value }));
          const byPath = await patch((await create({})).id, paths);
          const pathLess = await patch((await create({})).id, [{ op: "add", value: { [urn]: values } }]);
          expect(byPath).to.deep.equal(pathLess);
          expect(byPath).to.deep.equal(values);

          for (const { name, indexed, type } of attributes as { name: string; indexed: boolean; type: string }[]) {
            const [value] = [values[name]].flat();
            if (!indexed || type === "complex") continue;
            const filter = encodeURIComponent(`${urn}:${name} eq ${JSON.stringify(value)}`);
            const { body } = await scim.get(`/scim/v2/Users?filter=${filter}`).expect(200);
            expect(body.totalResults, name).to.equal(3);
          }
        } finally {
          await admin.delete(`/api/scim-extensions/${urn}?force=true`).expect(204);
        }
      }),
      { numRuns: 30, examples: [[subAttributeOfSameName]] },
    );
  });
});
