import type { Organization } from "../../../schemas/organization.ts";
import type { ScimExtension } from "../../../schemas/scim-extension.ts";
import type { Group, User, WithSearchFields } from "../../../schemas/user.ts";
import { extensionKeysPath } from "../extension-fields.ts";
import { labelIndex } from "../label-terms.ts";
import type { CollectionDefinition, Index } from "../store.ts";

/** The path of the search terms of labels. */
export const groupLabelsPath = "normalized.labels";

export const organizations: CollectionDefinition<Organization> = {
  name: "organizations",
  indexes: [{ path: "slug", unique: "organization" }],
};

/** One index for the extension attributes of all organizations; see extension-fields.ts. */
const extensionIndex = { path: extensionKeysPath, element: "key" } as const satisfies Index;

export const users: CollectionDefinition<User, WithSearchFields<User>> = {
  name: "users",
  searchFields: "normalized",
  indexes: [
    { path: "normalized.userName", unique: "organization" },
    { path: "externalId" },
    { path: "normalized.emails", element: "value" },
    { path: "normalized.displayName" },
    extensionIndex,
    { path: "updatedAt" },
    { path: "active", onlyValue: false },
  ],
};

export const groups: CollectionDefinition<Group, WithSearchFields<Group>> = {
  name: "groups",
  searchFields: "normalized",
  indexes: [
    { path: "normalized.displayName", unique: "organization" },
    { path: "externalId" },
    labelIndex(groupLabelsPath),
    extensionIndex,
    { path: "updatedAt" },
  ],
};

/** The extension schemas that organizations declare. `lookup.key` is the URN in lower case. */
export const scimExtensions: CollectionDefinition<
  ScimExtension,
  ScimExtension & { readonly lookup: { readonly key: string } }
> = {
  name: "scim_extensions",
  searchFields: "lookup",
  isListedWhole: true,
  indexes: [{ path: "lookup.key", unique: "organization" }],
};
