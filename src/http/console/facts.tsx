import type { ComponentChildren, VNode } from "preact";

/** One row of a list of facts, `<dl class="facts">`. */
export const Fact = ({
  name,
  children,
}: {
  readonly name: ComponentChildren;
  readonly children: ComponentChildren;
}): VNode => (
  <>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </>
);

/** A list of values that are code. */
export const Codes = ({ values }: { readonly values: readonly string[] }): VNode => (
  <ul class="chips">
    {values.map((each) => (
      <li key={each}>
        <code>{each}</code>
      </li>
    ))}
  </ul>
);

/** A table whose rows are cards on a small screen. The first column names the row. */
export function CardTable({
  caption,
  columns,
  children,
}: {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly children: ComponentChildren;
}): VNode {
  return (
    <table class="cards">
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
