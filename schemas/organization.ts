import { z } from "zod";
import { entity } from "./entity.ts";

/** Names that appear in URLs and never change. */
export const slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be 1 to 63 lower-case letters, digits and inner hyphens");

export const organization = z.object({
  ...entity,
  slug,
  name: z.string().min(1).max(200),
});
export type Organization = Readonly<z.infer<typeof organization>>;
