import { z } from "zod";
import { repeatedEntity } from "../../../schemas/entity.ts";
import type { Group, User } from "../../../schemas/user.ts";
import type { Caller } from "../../domain/caller.ts";
import type { Editor } from "../../domain/people/managed.ts";
import type { Named } from "../../domain/people/named.ts";
import type { ExpectedVersion } from "../../domain/precondition.ts";
import type { Page, Query } from "../../domain/query.ts";
import type { Filters } from "./lists.ts";
import type { Rooms } from "./rooms.ts";

/** How users, or groups, stand at the door: what the operations on both need to know of either. */
export interface Directory<T extends User | Group, Attributes> {
  readonly path: "/users" | "/groups";
  readonly tag: string;
  /** In operation ids and schema names. */
  readonly name: "User" | "Group";
  readonly title: "user" | "group";
  readonly prefix: "usr" | "grp";
  /** The attribute that is taken once, and takes the place of the id in a path. */
  readonly key: "userName" | "displayName";
  readonly input: z.ZodObject;
  readonly shown: z.ZodObject;
  readonly filters: Filters;
  /** By the rules of the SCIM door: they are the same people. @throws AppError as `inboundUser`, `inboundGroup` */
  readonly attributesFrom: (content: Content) => Attributes;
  readonly from: (rooms: Rooms) => People<T, Attributes>;
}

/** What the domain does with users, and with groups. */
export interface People<T, Attributes> {
  get(organizationId: string, which: Named): Promise<T | undefined>;
  list(organizationId: string, query: Query): Promise<Page<T>>;
  create(caller: Caller, attributes: Attributes, editor: Editor): Promise<T>;
  put(
    caller: Caller,
    name: string,
    expected: ExpectedVersion,
    revise: (current: Content | undefined) => Attributes,
    editor: Editor,
  ): Promise<{ readonly stored: T; readonly isNew: boolean }>;
  update(
    caller: Caller,
    which: Named,
    expected: ExpectedVersion,
    revise: (current: Content) => Attributes,
    editor: Editor,
  ): Promise<T>;
  remove(caller: Caller, which: Named, expected: ExpectedVersion, editor: Editor): Promise<void>;
}

export type Content = Readonly<Record<string, unknown>>;

/** What an answer says of whose it is. */
export const shownOwnership = {
  managedBy: z
    .literal("scim")
    .optional()
    .describe("the identity provider's, so that a change here needs `override=true`; absent: the admins'"),
};
export const repeatedOwnership = {
  ...repeatedEntity,
  managedBy: z.string().optional().meta({ readOnly: true, description: "kept by the service; ignored when sent" }),
};

const override = z
  .boolean()
  .default(false)
  .describe("changes what the identity provider manages nevertheless; the provider may change it back");
export const overrideQuery = z.object({ override });
export type OverrideQuery = typeof overrideQuery;

export const editorOf = ({ override }: z.output<OverrideQuery>): Editor => (override ? "override" : "admin");
