import { z } from "zod";
import { entity } from "./entity.ts";

/**
 * The attributes of a user that our rules read; all others of RFC 7643 section 4.1 are kept as they came (checked by
 * their SCIM schema at the door). `folded` is the case-folded twin of what is compared without regard to case.
 */
export const user = z.looseObject({
  ...entity,
  userName: z.string().min(1),
  externalId: z.string().optional(),
  active: z.boolean(),
  displayName: z.string().optional(),
  emails: z
    .array(z.looseObject({ value: z.string(), type: z.string().optional(), primary: z.boolean().optional() }))
    .optional(),
  /** RFC 7643 section 4.3, under a key without dots. */
  enterpriseUser: z.record(z.string(), z.unknown()).optional(),
  folded: z.object({
    userName: z.string(),
    displayName: z.string().optional(),
    emails: z.array(z.object({ value: z.string() })).optional(),
  }),
});
export type User = Readonly<z.infer<typeof user>>;

export const group = z.looseObject({
  ...entity,
  displayName: z.string().min(1),
  externalId: z.string().optional(),
  folded: z.object({ displayName: z.string() }),
});
export type Group = Readonly<z.infer<typeof group>>;
