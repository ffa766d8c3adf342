import type { Assignment } from "../../../schemas/assignment.ts";
import type { Labels } from "../../../schemas/labels.ts";
import type { Entity } from "../../store/record.ts";

/** The fields that all catalog resources have. */
export interface CatalogResource extends Entity {
  readonly slug: string;
  readonly name: string;
  /** The user who owns the resource; absent if it belongs to the organization. */
  readonly ownerId?: string | undefined;
  readonly labels?: Labels | undefined;
  readonly assignment?: Assignment | undefined;
  /** Incremented by each new reference to force a write conflict with a concurrent deletion. */
  readonly lockVersion?: number | undefined;
}

/** The kinds of resources that others refer to by slug. */
export type AssignableKind = "mcp-server" | "toolkit" | "skill" | "command";

/** What a reference names. */
export type ReferenceTarget = Pick<CatalogReference, "kind" | "name">;

/** Returns a key that is the same for all references to one resource. */
export const toReferenceKey = ({ kind, name }: ReferenceTarget): string => `${kind}:${name}`;

/** A reference from one resource to another. */
export interface CatalogReference {
  readonly kind: AssignableKind | "group" | "user";
  /** The slug, or the id of a group or user. */
  readonly name: string;
  /** JSON pointer of the referring field. */
  readonly pointer: string;
}
