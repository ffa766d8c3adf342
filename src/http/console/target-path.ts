/**
 * Returns the path of the page that shows a record, below the console; undefined if there is none.
 * @param target.id its id, or the slug of a resource of the catalog
 */
export function toTargetPath({ type, id }: { readonly type: string; readonly id: string }): string | undefined {
  const path = Object.hasOwn(paths, type) ? paths[type] : undefined;
  return path && `${path}/${encodeURIComponent(id)}`;
}

/** Returns the address of a resource of the catalog, a policy, a user or a group. */
export const toResourceUrl = (base: string, type: string, idOrSlug: string): string =>
  `${base}${toTargetPath({ type, id: idOrSlug }) ?? ""}`;

/** By the type that audit events and references name. */
const paths: Readonly<Record<string, string>> = {
  user: "/users",
  group: "/groups",
  token: "/tokens",
  "mcp-server": "/catalog/mcp-servers",
  toolkit: "/catalog/toolkits",
  skill: "/catalog/skills",
  command: "/catalog/commands",
  policy: "/policies",
  "scim-extension": "/provisioning/extensions",
};
