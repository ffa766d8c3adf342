import { z } from "zod";
import { readOnlyEntityFields } from "../../../../schemas/entity.ts";
import type { Labels } from "../../../../schemas/labels.ts";
import type { Group, User } from "../../../../schemas/user.ts";
import type { Caller } from "../../../domain/caller.ts";
import type { IdOrName } from "../../../domain/directory/id-or-name.ts";
import type { Editor } from "../../../domain/directory/managed.ts";
import type { ExpectedVersion } from "../../../domain/precondition.ts";
import type { ResourceSchema } from "../../../scim/schema/resource-schema.ts";
import type { Page, Query } from "../../../store/query.ts";
import type { ListFilters } from "../kernel/lists.ts";
import { detachParameter } from "../kernel/operation-texts.ts";
import type { Services } from "../kernel/services.ts";

/** Describes users or groups: the routes, schemas, filters and services of their operations. */
export interface DirectoryDescriptor<T extends User | Group, Attributes> {
  readonly path: "/users" | "/groups";
  readonly tag: string;
  /** In operation ids and schema names. */
  readonly name: "User" | "Group";
  readonly title: "user" | "group";
  readonly idPrefix: "usr" | "grp";
  /** The unique attribute that a path accepts instead of the id. */
  readonly keyAttribute: "userName" | "displayName";
  readonly inputSchema: z.ZodObject;
  readonly responseSchema: z.ZodObject;
  readonly filters: ListFilters;
  /** Whether the resources have labels. The attributes of a change then contain them. */
  readonly hasLabels?: boolean;
  /**
   * Validates attributes by the same rules as the SCIM API.
   * @param content with declared extensions under their URNs
   * @param schema the resource type with the extensions of the organization
   * @throws AppError as `parseUser` and `parseGroup`
   */
  readonly parseAttributes: (content: DirectoryContent, schema: ResourceSchema) => Attributes;
  readonly serviceFrom: (services: Services) => DirectoryService<T, Attributes>;
}

/** The domain operations that users and groups share. */
export interface DirectoryService<T, Attributes> {
  get(organizationId: string, idOrName: IdOrName): Promise<T | undefined>;
  list(organizationId: string, query: Query): Promise<Page<T>>;
  create(caller: Caller, attributes: Attributes, editor: Editor): Promise<T>;
  put(
    caller: Caller,
    name: string,
    expected: ExpectedVersion,
    revise: (current: DirectoryContent | undefined, labels?: Labels) => Attributes,
    editor: Editor,
  ): Promise<{ readonly stored: T; readonly isNew: boolean }>;
  update(
    caller: Caller,
    idOrName: IdOrName,
    expected: ExpectedVersion,
    revise: (current: DirectoryContent, labels?: Labels) => Attributes,
    editor: Editor,
  ): Promise<T>;
  remove(
    caller: Caller,
    idOrName: IdOrName,
    expected: ExpectedVersion,
    editor: Editor,
    isDetached: boolean,
  ): Promise<void>;
}

export type DirectoryContent = Readonly<Record<string, unknown>>;

/** The response field for the owner of a user or group. */
export const ownershipResponseFields = {
  managedBy: z
    .literal("scim")
    .optional()
    .describe(
      "`scim` if the identity provider manages it; changes by this API then require `override=true`. Absent if administrators manage it.",
    ),
};
/** The fields of a response that a request may repeat. */
export const readOnlyOwnershipFields = {
  ...readOnlyEntityFields,
  managedBy: z.string().optional().meta({ readOnly: true, description: "Set by the service; ignored in requests." }),
};

const override = z
  .boolean()
  .default(false)
  .describe(
    "Allows changes to a resource that the identity provider manages. The identity provider may overwrite them.",
  );
export const overrideQuery = z.object({ override });
export type OverrideQuerySchema = typeof overrideQuery;
/** The query of a deletion. */
export const removalQuery = z.object({ override, detach: detachParameter });
export type RemovalQuerySchema = typeof removalQuery;

export const toEditor = ({ override }: z.output<OverrideQuerySchema>): Editor => (override ? "override" : "admin");
