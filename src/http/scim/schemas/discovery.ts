import { z } from "zod";
import { listResponseUrn } from "../listing.ts";

const schemaUrns = z.array(z.string());
const metaSchema = z.object({ resourceType: z.string(), location: z.string() });
const supportedFlag = { supported: z.boolean() };

/** RFC 7643 section 5 and RFC 9865 section 4. */
export const serviceProviderConfig = z
  .object({
    schemas: schemaUrns,
    patch: z.object(supportedFlag),
    bulk: z.object({ ...supportedFlag, maxOperations: z.int(), maxPayloadSize: z.int() }),
    filter: z.object({ ...supportedFlag, maxResults: z.int() }),
    changePassword: z.object(supportedFlag),
    sort: z.object(supportedFlag),
    etag: z.object(supportedFlag),
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
    meta: metaSchema,
  })
  .meta({ id: "ScimServiceProviderConfig" });

/** RFC 7643 section 6. */
export const resourceType = z
  .object({
    schemas: schemaUrns,
    id: z.string(),
    name: z.string(),
    endpoint: z.string(),
    description: z.string(),
    schema: z.string(),
    schemaExtensions: z.array(z.object({ schema: z.string(), required: z.boolean() })).optional(),
    meta: metaSchema,
  })
  .meta({ id: "ScimResourceType" });

const attributeDefinition = z
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
      return z.array(attributeDefinition).optional();
    },
  })
  .meta({ id: "ScimAttribute" });

/** RFC 7643 section 7. */
export const schemaDefinition = z
  .object({
    schemas: schemaUrns.optional(),
    id: z.string(),
    name: z.string(),
    description: z.string(),
    attributes: z.array(attributeDefinition),
    meta: metaSchema,
  })
  .meta({ id: "ScimSchema" });

const toListSchema = (resource: z.ZodType, id: string): z.ZodType =>
  z
    .object({
      schemas: z.array(z.literal(listResponseUrn)),
      totalResults: z.int(),
      startIndex: z.int(),
      itemsPerPage: z.int(),
      Resources: z.array(resource),
    })
    .meta({ id });

export const resourceTypeList = toListSchema(resourceType, "ScimResourceTypeList");
export const schemaList = toListSchema(schemaDefinition, "ScimSchemaList");
