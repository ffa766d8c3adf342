import type { Assignment } from "../../../schemas/assignment.ts";
import type { Entity } from "../../store/collection.ts";

/** What every thing of the catalogue has. */
export interface Thing extends Entity {
  readonly slug: string;
  readonly name: string;
  /** The user whose own it is; absent: the organisation's. */
  readonly ownerId?: string | undefined;
  readonly assignment?: Assignment | undefined;
  /** Raised when something begins to name it, so that its deletion beside that is looked at again. */
  readonly named?: number | undefined;
}

/** The kinds of things that others name by their slugs. */
export type NamedBySlug = "mcp-server" | "toolkit" | "skill" | "command";

/** That one thing names another. */
export interface Reference {
  readonly kind: NamedBySlug | "group" | "user";
  /** The slug; the id of a group or user. */
  readonly name: string;
  /** JSON pointer of the field that names it. */
  readonly pointer: string;
}
