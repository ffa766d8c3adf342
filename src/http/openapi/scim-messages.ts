import { z } from "zod";
import { bulkOperationsMax, bulkRequestUrn, bulkResponseUrn } from "../scim/bulk-message.ts";
import { errorUrn } from "../scim/errors.ts";
import { countDefault, countMax, listUrn } from "../scim/listing.ts";
import { searchRequestUrn } from "../scim/parameters.ts";
import { patchUrn } from "../scim/patch-message.ts";
import { groupSchema, userSchema } from "../scim/schema.ts";
import { zodOf } from "../scim/zod-schema.ts";

/**
 * The messages of SCIM as the document describes them. The door reads them by rules of its own: names in any letter
 * case, and the ways of identity providers.
 */
export const scimUser = zodOf(userSchema, "scim").meta({ id: "ScimUser" });
export const scimGroup = zodOf(groupSchema, "scim").meta({ id: "ScimGroup" });

const urnsOf = (urn: string): z.ZodType => z.array(z.literal(urn));

/** RFC 7644 section 3.12. */
export const scimError = z
  .object({
    schemas: urnsOf(errorUrn),
    status: z.string().describe("the HTTP status, as a text"),
    scimType: z.string().optional(),
    detail: z.string(),
  })
  .meta({ id: "ScimError" });

/** RFC 7644 section 3.4.2 and RFC 9865 section 2. */
function listOf(resource: z.ZodType, id: string): z.ZodType {
  return z
    .object({
      schemas: urnsOf(listUrn),
      totalResults: z.int().optional().describe("absent on later pages by cursor of a list with a filter"),
      startIndex: z.int().optional(),
      itemsPerPage: z.int(),
      nextCursor: z.string().optional().describe("absent on the last page"),
      Resources: z.array(resource),
    })
    .meta({ id });
}

export const scimUserList = listOf(scimUser, "ScimUserList");
export const scimGroupList = listOf(scimGroup, "ScimGroupList");
export const scimList = listOf(z.union([scimUser, scimGroup]), "ScimList");

const paths = "the attributes to show, and nothing else but what is always shown";
const excluded = "the attributes not to show";

/** What of a resource is shown (RFC 7644 section 3.9). */
export const shownQuery = z.object({
  attributes: z.string().optional().describe(`${paths}, with commas between them`),
  excludedAttributes: z.string().optional().describe(`${excluded}, with commas between them`),
});

const question = {
  filter: z.string().max(4096).optional().describe("RFC 7644 section 3.4.2.2"),
  sortBy: z.string().optional().describe("path of an attribute that has one value"),
  sortOrder: z.enum(["ascending", "descending"]).default("ascending"),
  startIndex: z.int().default(1).describe("of the first resource of the page; not together with `cursor`"),
  count: z.int().default(countDefault).describe(`resources on a page; never more than ${countMax}`),
  cursor: z.string().optional().describe("RFC 9865: empty for the first page, then `nextCursor` of the page before"),
};
export const listQuery = z.object({ ...question, ...shownQuery.shape });

/** RFC 7644 section 3.4.3. */
export const searchRequest = z
  .object({
    schemas: urnsOf(searchRequestUrn),
    ...question,
    attributes: z.array(z.string()).optional().describe(paths),
    excludedAttributes: z.array(z.string()).optional().describe(excluded),
  })
  .meta({ id: "ScimSearchRequest" });

/** RFC 7644 section 3.5.2. */
export const patchRequest = z
  .object({
    schemas: urnsOf(patchUrn),
    Operations: z
      .array(
        z.object({
          op: z.enum(["add", "remove", "replace"]),
          path: z.string().max(4096).optional().describe("RFC 7644 section 3.5.2, figure 1"),
          value: z.unknown().optional(),
        }),
      )
      .max(1000),
  })
  .meta({ id: "ScimPatchRequest" });

/** RFC 7644 section 3.7. */
export const bulkRequest = z
  .object({
    schemas: urnsOf(bulkRequestUrn),
    failOnErrors: z.int().min(1).optional(),
    Operations: z
      .array(
        z.object({
          method: z.enum(["POST", "PUT", "PATCH", "DELETE"]),
          bulkId: z.string().optional().describe("what others refer to it by, as `bulkId:` and this; needed with POST"),
          path: z.string().describe("`/Users`, or `/Users/` and an id"),
          version: z.string().optional().describe("as If-Match"),
          data: z.record(z.string(), z.unknown()).optional(),
        }),
      )
      .max(bulkOperationsMax),
  })
  .meta({ id: "ScimBulkRequest" });

export const bulkResponse = z
  .object({
    schemas: urnsOf(bulkResponseUrn),
    Operations: z.array(
      z.object({
        location: z.string().optional(),
        method: z.string().optional(),
        bulkId: z.string().optional(),
        version: z.string().optional(),
        status: z.string(),
        response: scimError.optional(),
      }),
    ),
  })
  .meta({ id: "ScimBulkResponse" });
