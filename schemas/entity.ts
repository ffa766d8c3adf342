import { z } from "zod";

/** What every stored thing has, to be spread into its schema. */
export const entity = {
  id: z.string(),
  organizationId: z.string(),
  version: z.int().min(1),
  createdAt: z.iso.datetime({ precision: 3 }),
  updatedAt: z.iso.datetime({ precision: 3 }),
};
