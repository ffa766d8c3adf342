import { z } from "zod";
import { entity } from "./entity.ts";

/** Whose it is: the identity provider's that wrote it, so that others leave it alone; absent: the admins'. */
const managedBy = z.literal("scim").optional();

/**
 * The attributes of a user that our rules read; all others of RFC 7643 section 4.1 are kept as they came (checked by
 * their SCIM schema at the door).
 */
export const user = z.looseObject({
  ...entity,
  managedBy,
  userName: z.string().min(1),
  externalId: z.string().optional(),
  active: z.boolean(),
  displayName: z.string().optional(),
  emails: z
    .array(z.looseObject({ value: z.string(), type: z.string().optional(), primary: z.boolean().optional() }))
    .optional(),
  /** RFC 7643 section 4.3, under a key without dots. */
  enterpriseUser: z.record(z.string(), z.unknown()).optional(),
});
export type User = Readonly<z.infer<typeof user>>;

export const group = z.looseObject({
  ...entity,
  managedBy,
  displayName: z.string().min(1),
  externalId: z.string().optional(),
});
export type Group = Readonly<z.infer<typeof group>>;

/**
 * A user or group as it is written: beside it the case-folded twin of what is compared without regard to case (RFC 7643
 * section 2.2), which is asked by and not read back.
 */
export type Twinned<T> = T & { readonly folded: Readonly<Record<string, unknown>> };
