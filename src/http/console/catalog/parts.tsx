import type { VNode } from "preact";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import { toResourceUrl } from "../target-path.ts";
import type { SectionToggle } from "./section.ts";

/** The state of a resource that can be enabled and disabled, as a word with a color. */
export const ToggleStatus = <T extends CatalogResource>({
  toggle: { isOn, on, off },
  resource,
}: {
  readonly toggle: SectionToggle<T>;
  readonly resource: T;
}): VNode => (
  <span class={`status ${isOn(resource) ? "active" : "disabled"}`}>{isOn(resource) ? on.status : off.status}</span>
);

const tabs = [
  ["/catalog/mcp-servers", "MCP servers"],
  ["/catalog/toolkits", "Toolkits"],
  ["/catalog/skills", "Skills"],
  ["/catalog/commands", "Commands"],
] as const;

/** The links between the parts of the catalog. */
export const CatalogTabs = ({ base, current }: { readonly base: string; readonly current: string }): VNode => (
  <nav class="tabs" aria-label="Catalog">
    {tabs.map(([path, name]) => (
      <a key={path} href={`${base}${path}`} {...(path === current && { "aria-current": "page" as const })}>
        {name}
      </a>
    ))}
  </nav>
);

/** Links to resources by slug. */
export function SlugLinks({
  base,
  type,
  slugs,
}: {
  readonly base: string;
  readonly type: string;
  readonly slugs: readonly string[];
}): VNode {
  if (slugs.length === 0) return <span class="muted">None</span>;
  return (
    <ul class="chips">
      {slugs.map((slug) => (
        <li key={slug}>
          <a href={toResourceUrl(base, type, slug)}>
            <code>{slug}</code>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** Resources that refer to another one, with links. */
export const ReferrerTable = ({
  base,
  referrers,
}: {
  readonly base: string;
  readonly referrers: readonly {
    readonly type: string;
    readonly id: string;
    readonly slug?: string;
    readonly name: string;
  }[];
}): VNode => (
  <ul class="referrers">
    {referrers.map(({ type, id, slug, name }) => (
      <li key={id}>
        {type} <a href={toResourceUrl(base, type, id)}>{name}</a> <code class="muted">{slug ?? id}</code>
      </li>
    ))}
  </ul>
);
