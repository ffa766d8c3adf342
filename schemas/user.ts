import { z } from "zod";
import { entityFields } from "./entity.ts";
import { type Labels, labelsField } from "./labels.ts";

/** `scim`: the identity provider manages the record, so that admins need an override to change it. Absent: admins manage it. */
const managedBy = z.literal("scim").optional();

/**
 * The values of extension attributes by the id of the extension schema, then by the name of the attribute. They contain
 * what the schema no longer declares, too.
 */
const scimExtensions = z.record(z.string(), z.record(z.string(), z.unknown())).optional();

/**
 * The attributes of a user that domain rules read. All other attributes of RFC 7643 section 4.1 are validated by their
 * SCIM schema in the HTTP adapter and stored unchanged.
 */
export const user = z.looseObject({
  ...entityFields,
  managedBy,
  userName: z.string().min(1),
  externalId: z.string().optional(),
  active: z.boolean(),
  displayName: z.string().optional(),
  emails: z
    .array(z.looseObject({ value: z.string(), type: z.string().optional(), primary: z.boolean().optional() }))
    .optional(),
  /** The number of deactivations. Personal tokens of an earlier generation are not valid. Absent: 0. */
  tokenGeneration: z.int().optional(),
  /** Time of the last deactivation. */
  tokensEndedAt: z.iso.datetime({ precision: 3 }).optional(),
  /** Incremented to force a write conflict with a concurrent deactivation. `tokenGeneration` is present then. */
  lockVersion: z.int().optional(),
  /** The enterprise extension (RFC 7643 section 4.3), under a key without dots. */
  enterpriseUser: z.record(z.string(), z.unknown()).optional(),
  scimExtensions,
});
export type User = Readonly<z.infer<typeof user>>;

export const group = z.looseObject({
  ...entityFields,
  managedBy,
  displayName: z.string().min(1),
  externalId: z.string().optional(),
  /** Set by this API only. SCIM neither shows nor changes them. */
  ...labelsField,
  scimExtensions,
});
export type Group = Readonly<z.infer<typeof group>>;

/**
 * A user or group as it is stored: with normalized search fields for the attributes that are case-insensitive (RFC 7643
 * section 2.2). Search fields serve queries and are not read back.
 */
export type WithSearchFields<T> = T & { readonly normalized: Readonly<Record<string, unknown>> };

/** The attributes of a user that a client can set: SCIM's attributes without those that the service sets. */
export type UserAttributes = Readonly<Record<string, unknown>> & {
  readonly userName: string;
  readonly active?: boolean;
};

/** The attributes of a group that a client can set. Its members are stored as edges. */
export type GroupAttributes = Readonly<Record<string, unknown>> & { readonly displayName: string };

/** The attributes of a group and its labels. Without `labels`, those of the stored group remain. */
export type LabeledGroupAttributes = GroupAttributes & { readonly labels?: Labels };

/** One change of a group's members: adds some, removes some or those that match, or replaces all. */
export type MembershipChange =
  | { readonly add: readonly string[] }
  | { readonly remove: readonly string[] }
  | { readonly removeMatching: MemberSelection }
  | { readonly set: readonly string[] };

/** Selects members by their id, type and display name. */
export interface MemberSelection {
  /** Whether `matches` reads `display`, which requires a lookup. */
  readonly needsDisplay: boolean;
  readonly matches: (member: {
    readonly value: string;
    readonly type: "User" | "Group";
    readonly display?: string;
  }) => boolean;
}
