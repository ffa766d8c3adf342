import type { OpenApiObject } from "./schemas.ts";

type Components = Readonly<Record<string, OpenApiObject>>;

/** Removes the components of a document that nothing refers to, because its view has no operation that needs them. */
export function selectUsedComponents(
  document: OpenApiObject & { readonly components: Components; readonly paths: OpenApiObject },
): OpenApiObject {
  const { components, paths, security } = document;
  const used = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, each] of Object.entries(value)) {
      if (key === "$ref" && typeof each === "string") visitComponent(each.slice("#/components/".length));
      else if (key === "security") visitRequirements(each as readonly OpenApiObject[]);
      else visit(each);
    }
  };
  const visitComponent = (path: string): void => {
    if (used.has(path)) return;
    used.add(path);
    const [section = "", name = ""] = path.split("/");
    visit(components[section]?.[name]);
  };
  const visitRequirements = (requirements: readonly OpenApiObject[]): void => {
    for (const scheme of requirements.flatMap(Object.keys)) visitComponent(`securitySchemes/${scheme}`);
  };
  visitRequirements(security as readonly OpenApiObject[]);
  visit(paths);
  const select = ([section, all]: readonly [string, OpenApiObject]) => [
    section,
    Object.fromEntries(Object.entries(all).filter(([name]) => used.has(`${section}/${name}`))),
  ];
  return { ...document, components: Object.fromEntries(Object.entries(components).map(select)) };
}
