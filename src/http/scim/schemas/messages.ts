import { z } from "zod";
import { patchUrn } from "../../../scim/patch/message.ts";
import { groupSchema, userSchema } from "../../../scim/schema/resource-schema.ts";
import { toZodSchema } from "../../../scim/schema/zod-schema.ts";
import { bulkOperationsMax, bulkRequestUrn, bulkResponseUrn } from "../bulk/message.ts";
import { errorUrn } from "../errors.ts";
import { countDefault, countMax, listResponseUrn } from "../listing.ts";
import { searchRequestUrn } from "../parameters.ts";

/**
 * The schemas of SCIM messages in openapi.yaml. They do not validate requests: `src/scim` and `parameters.ts` do, with
 * case-insensitive names and the quirks of identity providers.
 */
export const scimUser = toZodSchema(userSchema, "scim").meta({ id: "ScimUser" });
export const scimGroup = toZodSchema(groupSchema, "scim").meta({ id: "ScimGroup" });

const toUrnsSchema = (urn: string): z.ZodType => z.array(z.literal(urn));

/** RFC 7644 section 3.12. */
export const scimError = z
  .object({
    schemas: toUrnsSchema(errorUrn),
    status: z.string().describe("HTTP status code, as a string."),
    scimType: z.string().optional(),
    detail: z.string(),
  })
  .meta({ id: "ScimError" });

/** RFC 7644 section 3.4.2 and RFC 9865 section 2. */
function toScimListSchema(resource: z.ZodType, id: string): z.ZodType {
  return z
    .object({
      schemas: toUrnsSchema(listResponseUrn),
      totalResults: z.int(),
      startIndex: z.int().optional(),
      itemsPerPage: z.int(),
      nextCursor: z.string().optional().describe("Absent on the last page."),
      Resources: z.array(resource),
    })
    .meta({ id });
}

export const scimUserList = toScimListSchema(scimUser, "ScimUserList");
export const scimGroupList = toScimListSchema(scimGroup, "ScimGroupList");

/** A user or group of a mixed list: one object and not a union, because no property is a discriminator for generated clients. */
const scimResource = scimUser.pick({ schemas: true, id: true, externalId: true, meta: true }).loose().meta({
  id: "ScimResource",
  description: "A user or a group, as `meta.resourceType` names it, with the attributes of `ScimUser` or `ScimGroup`.",
});
export const scimList = toScimListSchema(scimResource, "ScimList");

const attributesDescription = "Attributes to return, in addition to those that are always returned";
const excludedAttributesDescription = "Attributes not to return";

/** RFC 7644 section 3.9. */
export const scimProjectionQuery = z.object({
  attributes: z.string().optional().describe(`${attributesDescription}. Separated by commas.`),
  excludedAttributes: z.string().optional().describe(`${excludedAttributesDescription}. Separated by commas.`),
});

const searchParameters = {
  filter: z.string().max(4096).optional().describe("Filter expression (RFC 7644 section 3.4.2.2)."),
  sortBy: z.string().optional().describe("Path of a single-valued attribute."),
  sortOrder: z.enum(["ascending", "descending"]).default("ascending").describe("Order of `sortBy`."),
  startIndex: z
    .int()
    .default(1)
    .describe("Index of the first resource on the page, from 1. Cannot be combined with `cursor`."),
  count: z.int().default(countDefault).describe(`Page size. At most ${countMax} resources are returned.`),
  cursor: z
    .string()
    .optional()
    .describe("Cursor of RFC 9865: empty for the first page, then `nextCursor` of the previous page."),
};
export const scimListQuery = z.object({ ...searchParameters, ...scimProjectionQuery.shape });

/** RFC 7644 section 3.4.3. */
export const scimSearchRequest = z
  .object({
    schemas: toUrnsSchema(searchRequestUrn),
    ...searchParameters,
    attributes: z.array(z.string()).optional().describe(`${attributesDescription}.`),
    excludedAttributes: z.array(z.string()).optional().describe(`${excludedAttributesDescription}.`),
  })
  .meta({ id: "ScimSearchRequest" });

/** RFC 7644 section 3.5.2. */
export const scimPatchRequest = z
  .object({
    schemas: toUrnsSchema(patchUrn),
    Operations: z
      .array(
        z.object({
          op: z.enum(["add", "remove", "replace"]),
          path: z.string().max(4096).optional().describe("Attribute path (RFC 7644 section 3.5.2, figure 1)."),
          value: z.unknown().optional().describe("The value, of any type that the attribute has."),
        }),
      )
      .max(1000),
  })
  .meta({ id: "ScimPatchRequest" });

/** RFC 7644 section 3.7. */
export const scimBulkRequest = z
  .object({
    schemas: toUrnsSchema(bulkRequestUrn),
    failOnErrors: z.int().min(1).optional(),
    Operations: z
      .array(
        z.object({
          method: z.enum(["POST", "PUT", "PATCH", "DELETE"]),
          bulkId: z
            .string()
            .optional()
            .describe("Name for references of the form `bulkId:name` in other operations. Required for POST."),
          path: z.string().describe("Path of a collection or a resource, such as `/Users` or `/Users/{id}`."),
          version: z.string().optional().describe("Entity tag, with the meaning of If-Match."),
          data: z.record(z.string(), z.unknown()).optional(),
        }),
      )
      .max(bulkOperationsMax),
  })
  .meta({ id: "ScimBulkRequest" });

export const scimBulkResponse = z
  .object({
    schemas: toUrnsSchema(bulkResponseUrn),
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
  .meta({ id: "ScimBulkResult" });
