import { z } from "zod";

const instant = z.iso.datetime({ precision: 3 });

/** What every stored thing has, to be spread into its schema. */
export const entity = {
  id: z.string(),
  organizationId: z.string(),
  version: z.int().min(1),
  createdAt: instant,
  updatedAt: instant,
};

/** What an answer shows of that. */
export const shownEntity = {
  id: z.string().describe("never changes; takes the place of the slug in every path"),
  version: z.int().min(1).describe("what If-Match compares with"),
  createdAt: instant,
  updatedAt: instant,
};

/** Of the things that can be a user's own. */
export const shownOwner = {
  ownerId: z.string().optional().describe("the user whose own it is; absent: the organization's"),
};

const keptByService = (type: z.ZodType): z.ZodOptional<z.ZodType> =>
  type.optional().meta({ readOnly: true, description: "kept by the service; ignored when sent" });

/** What a body may repeat of an answer, so that what was read can be sent back as it is. */
export const repeatedEntity = {
  id: keptByService(z.string()),
  version: keptByService(z.int()),
  createdAt: keptByService(z.string()),
  updatedAt: keptByService(z.string()),
};

export const repeatedOwner = { ownerId: keptByService(z.string()) };
