import { expect } from "chai";
import fc from "fast-check";
import { z } from "zod";
import { enterpriseUrn } from "../../../src/scim/schema/definitions.ts";
import { groupSchema, userSchema } from "../../../src/scim/schema/resource-schema.ts";
import { toZodSchema } from "../../../src/scim/schema/zod-schema.ts";
import { parseUser, toScimAttributes } from "../../../src/scim/values/inbound.ts";
import { arbitraryUsers } from "../arbitrary-user.fixture.ts";

describe("The zod schema of a resource", () => {
  it("in the api representation accepts every stored user unchanged, and only storable users", () => {
    const shape = toZodSchema(userSchema, "api");
    fc.assert(
      fc.property(arbitraryUsers(0), (sent) => {
        const stored = parseUser(sent);
        expect(shape.parse(stored)).to.deep.equal(stored);
        expect(parseUser(toScimAttributes(stored))).to.deep.equal(stored);
      }),
    );
  });

  it("contains only writable attributes in the api representation, and all of RFC 7643 in the scim representation", () => {
    const printed = (form: "scim" | "api") =>
      z.toJSONSchema(toZodSchema(userSchema, form)) as { properties: Record<string, Record<string, unknown>> };
    const { properties: flat } = printed("api");
    expect(flat).to.not.have.any.keys("schemas", "id", "meta", "groups", "password", enterpriseUrn);
    expect(flat).to.include.all.keys("userName", "externalId", "emails", "active", "enterpriseUser");
    const { properties } = printed("scim");
    for (const name of ["id", "meta", "groups"]) expect(properties[name]).to.include({ readOnly: true });
    expect(properties["password"]).to.include({ writeOnly: true });
    expect(properties)
      .to.include.all.keys("schemas", "userName", enterpriseUrn)
      .and.not.have.property("enterpriseUser");
  });

  it("limits lists in the api representation only", () => {
    const members = Array.from({ length: 1000 }, (_, at) => ({ value: `usr_${at}` }));
    expect(toZodSchema(groupSchema, "scim").safeParse({ displayName: "x", members }).success).to.equal(true);
    const roles = members.slice(0, 101);
    expect(toZodSchema(userSchema, "api").safeParse({ userName: "x", roles }).success).to.equal(false);
  });
});
