import { expect } from "chai";
import fc from "fast-check";
import { type ScimExtension, scimExtension } from "../../../schemas/scim-extension.ts";
import { withExtensions } from "../../../src/scim/schema/organization-schemas.ts";
import { userSchema } from "../../../src/scim/schema/resource-schema.ts";
import { toScimAttributes, toScimJson } from "../../../src/scim/values/inbound.ts";

const idA = "ext_01M8KM5N71XNWAG2EB56AXSW8K";
const idB = "ext_01M8KM5N7JSXB1568TBNYVYXMC";
const time = "2026-01-01T00:00:00.000Z";
const extension = (id: string, urn: string, more: object): ScimExtension =>
  scimExtension.parse({
    ...{ id, organizationId: "org_1", version: 1, createdAt: time, updatedAt: time },
    ...{ urn, resourceType: "User", ...more },
  });
const schemaWith = (removed: readonly string[]) =>
  withExtensions(userSchema, [
    extension(idA, "urn:example:a:User", {
      attributes: [{ name: "one" }, { name: idA }, { name: "userName" }],
      ...(removed.length > 0 && { removedAttributes: removed.map((name) => ({ name })) }),
    }),
    extension(idB, "urn:example:b:User", { attributes: [{ name: "two" }, { name: "scimExtensions" }, { name: idA }] }),
  ]);

describe("The JSON of a stored user with extensions of an organization", () => {
  const values = fc.constantFrom("v", `"${idA}":{`, '"ext_', "}", 'scimExtensions":', "\\");
  const stored = fc.record(
    {
      [idA]: fc.record({ one: values, [idA]: values, userName: values, gone: values }, { requiredKeys: ["one"] }),
      [idB]: fc.record({ two: values, scimExtensions: values, [idA]: values }, { requiredKeys: ["two"] }),
      ext_of_a_removed_schema: fc.record({ old: values }),
    },
    { requiredKeys: [] },
  );

  it("becomes the same as by parsing, whatever is stored and declared", () => {
    fc.assert(
      fc.property(stored, fc.boolean(), fc.boolean(), (scimExtensions, hasEnterprise, isLast) => {
        const user = {
          ...{ managedBy: "scim", active: true, userName: "ada" },
          ...(hasEnterprise && { enterpriseUser: { department: "D" } }),
          ...(Object.keys(scimExtensions).length > 0 && { scimExtensions }),
          ...(!isLast && { title: "T" }),
        };
        const isRemoved = Object.values(scimExtensions).some((each) => each !== undefined && "gone" in each);
        const schema = schemaWith(isRemoved ? ["gone"] : []);
        const { managedBy: _, ...attributes } = user;
        const { json, extensions } = toScimJson(JSON.stringify(user), schema);
        const expected = toScimAttributes(attributes, schema);
        expect(JSON.parse(json)).to.deep.equal(expected);
        expect(extensions).to.have.members(Object.keys(expected).filter((key) => key.startsWith("urn:")));
      }),
    );
  });
});
