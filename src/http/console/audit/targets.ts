/** Returns the path of the page that shows a target below the console; undefined if there is none. */
export function toTargetPath({ type, id }: { readonly type: string; readonly id: string }): string | undefined {
  const path = Object.hasOwn(paths, type) ? paths[type] : undefined;
  return path && `${path}/${encodeURIComponent(id)}`;
}

const paths: Readonly<Record<string, string>> = {
  user: "/users",
  group: "/groups",
  token: "/tokens",
  "scim-extension": "/provisioning/extensions",
};
