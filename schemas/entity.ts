import { z } from "zod";

const instant = z.iso.datetime({ precision: 3 });

/** The fields of every stored record, to be spread into its schema. */
export const entityFields = {
  id: z.string(),
  organizationId: z.string(),
  version: z.int().min(1),
  createdAt: instant,
  updatedAt: instant,
};

/** The fields of every record that responses show. */
export const entityResponseFields = {
  id: z.string().describe("Never changes. Can be used instead of the slug in every path."),
  version: z.int().min(1).describe("Increases with every change. `ETag` and `If-Match` contain it."),
  createdAt: instant,
  updatedAt: instant,
};

/** The owner of a resource that a user can own. */
export const ownerResponseFields = {
  ownerId: z.string().optional().describe("The user who owns the resource. Absent for a resource of the organization."),
};

/** A field of a response that a request body can repeat, and that is ignored there. */
export const readOnlyField = (type: z.ZodType): z.ZodOptional<z.ZodType> =>
  type.optional().meta({ readOnly: true, description: "Set by the service; ignored in requests." });

/** Read-only fields that a request body can contain, so that a response can be sent back unchanged. */
export const readOnlyEntityFields = {
  id: readOnlyField(z.string()),
  version: readOnlyField(z.int()),
  createdAt: readOnlyField(z.string()),
  updatedAt: readOnlyField(z.string()),
};

export const readOnlyOwnerFields = { ownerId: readOnlyField(z.string()) };
