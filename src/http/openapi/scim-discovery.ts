import { z } from "zod";
import { listUrn } from "../scim/listing.ts";

const schemas = z.array(z.string());
const meta = z.object({ resourceType: z.string(), location: z.string() });
const supported = { supported: z.boolean() };

/** RFC 7643 section 5 and RFC 9865 section 4. */
export const serviceProviderConfig = z
  .object({
    schemas,
    patch: z.object(supported),
    bulk: z.object({ ...supported, maxOperations: z.int(), maxPayloadSize: z.int() }),
    filter: z.object({ ...supported, maxResults: z.int() }),
    changePassword: z.object(supported),
    sort: z.object(supported),
    etag: z.object(supported),
    pagination: z.object({
      cursor: z.boolean(),
      index: z.boolean(),
      defaultPaginationMethod: z.string(),
      defaultPageSize: z.int(),
      maxPageSize: z.int(),
      cursorTimeout: z.int(),
    }),
    authenticationSchemes: z.array(
      z.object({
        type: z.string(),
        name: z.string(),
        description: z.string(),
        specUri: z.string(),
        primary: z.boolean(),
      }),
    ),
    meta,
  })
  .meta({ id: "ScimServiceProviderConfig" });

/** RFC 7643 section 6. */
export const resourceType = z
  .object({
    schemas,
    id: z.string(),
    name: z.string(),
    endpoint: z.string(),
    description: z.string(),
    schema: z.string(),
    schemaExtensions: z.array(z.object({ schema: z.string(), required: z.boolean() })).optional(),
    meta,
  })
  .meta({ id: "ScimResourceType" });

const attribute = z
  .object({
    name: z.string(),
    type: z.string(),
    multiValued: z.boolean(),
    description: z.string(),
    required: z.boolean(),
    canonicalValues: z.array(z.string()).optional(),
    caseExact: z.boolean().optional(),
    mutability: z.string(),
    returned: z.string(),
    uniqueness: z.string().optional(),
    referenceTypes: z.array(z.string()).optional(),
    get subAttributes() {
      return z.array(attribute).optional();
    },
  })
  .meta({ id: "ScimAttribute" });

/** RFC 7643 section 7. */
export const schemaDefinition = z
  .object({
    schemas: schemas.optional(),
    id: z.string(),
    name: z.string(),
    description: z.string(),
    attributes: z.array(attribute),
    meta,
  })
  .meta({ id: "ScimSchema" });

const listOf = (resource: z.ZodType, id: string): z.ZodType =>
  z
    .object({
      schemas: z.array(z.literal(listUrn)),
      totalResults: z.int(),
      startIndex: z.int(),
      itemsPerPage: z.int(),
      Resources: z.array(resource),
    })
    .meta({ id });

export const resourceTypeList = listOf(resourceType, "ScimResourceTypeList");
export const schemaList = listOf(schemaDefinition, "ScimSchemaList");
