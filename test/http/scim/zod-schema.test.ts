import { expect } from "chai";
import fc from "fast-check";
import { z } from "zod";
import { inboundUser, outboundAttributes } from "../../../src/http/scim/inbound.ts";
import { groupSchema, userSchema } from "../../../src/http/scim/schema.ts";
import { enterpriseUrn } from "../../../src/http/scim/scimmy.ts";
import { zodOf } from "../../../src/http/scim/zod-schema.ts";
import { usersWith } from "./user-arbitrary.ts";

describe("The shape of a resource's JSON, made from SCIM's definitions", () => {
  it("in the API's form takes every stored user as it is, and what it takes is stored as it is", () => {
    const shape = zodOf(userSchema, "api");
    fc.assert(
      fc.property(usersWith(0), (sent) => {
        const stored = inboundUser(sent);
        expect(shape.parse(stored)).to.deep.equal(stored);
        expect(inboundUser(outboundAttributes(stored))).to.deep.equal(stored);
      }),
    );
  });

  it("in the API's form has nothing that cannot be set, in SCIM's it has all of RFC 7643 and marks it", () => {
    const printed = (form: "scim" | "api") =>
      z.toJSONSchema(zodOf(userSchema, form)) as { properties: Record<string, Record<string, unknown>> };
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

  it("in SCIM's form takes a group of any size; in the API's, lists end", () => {
    const members = Array.from({ length: 1000 }, (_, at) => ({ value: `usr_${at}` }));
    expect(zodOf(groupSchema, "scim").safeParse({ displayName: "x", members }).success).to.equal(true);
    const roles = members.slice(0, 101);
    expect(zodOf(userSchema, "api").safeParse({ userName: "x", roles }).success).to.equal(false);
  });
});
