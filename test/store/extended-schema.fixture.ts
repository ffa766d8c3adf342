import { scimExtension } from "../../schemas/scim-extension.ts";
import { withExtensions } from "../../src/scim/schema/organization-schemas.ts";
import { userSchema } from "../../src/scim/schema/resource-schema.ts";

const urn = "urn:example:hr:2.0:User";
const time = "2026-01-01T00:00:00.000Z";

/** Users with an extension that an organization declares. */
export const extendedUserSchema = withExtensions(userSchema, [
  scimExtension.parse({
    ...{ id: "ext_01M8KM5N71XNWAG2EB56AXSW8K", organizationId: "org_1", version: 1, createdAt: time, updatedAt: time },
    ...{ urn, resourceType: "User" },
    attributes: [
      { name: "costCenter", indexed: true },
      { name: "grade", type: "integer", indexed: true },
      { name: "tags", multiValued: true, indexed: true },
      { name: "remark" },
    ],
  }),
]);

/** Filters that an index serves. */
export const extensionFilters: readonly string[] = [
  `${urn}:costCenter eq "C-1"`,
  `${urn}:costCenter sw "C-"`,
  `${urn}:costCenter pr`,
  `${urn}:grade eq 7`,
  `${urn}:tags eq "a" and title co "x"`,
  `${urn}:remark pr`,
  `schemas eq "${urn}"`,
];

export const unindexedExtensionFilter = `${urn}:remark eq "x"`;
