import type { VNode } from "preact";
import { redactValue } from "../../../domain/audit/log-entry.ts";
import type { FieldChange } from "../../../domain/audit/record-changes.ts";
import { CardTable } from "../facts.tsx";

const columns = ["Field", "Change", "Before", "After"] as const;
const marks = { added: "+ added", removed: "− removed", changed: "≠ changed" } as const;

/** The fields that an event has changed. A word and a sign mark each kind of change, not only a color. */
export const ChangeTable = ({ changes }: { readonly changes: readonly FieldChange[] }): VNode => (
  <CardTable caption="Changed fields" columns={columns}>
    {changes.map((change, index) => (
      <tr key={index} class={`change ${change.kind}`}>
        <th scope="row">
          <code>{change.path}</code>
        </th>
        <td data-label="Change">
          <span class="kind">{marks[change.kind]}</span>
        </td>
        <td data-label="Before">{"before" in change && <Value value={change.before} />}</td>
        <td data-label="After">{"after" in change && <Value value={change.after} />}</td>
      </tr>
    ))}
  </CardTable>
);

/** A long string is stored as its length and digest. */
function Value({ value }: { readonly value: unknown }): VNode {
  const { length, sha256 } = (value ?? {}) as { readonly length?: unknown; readonly sha256?: unknown };
  if (typeof length === "number" && typeof sha256 === "string")
    return (
      <>
        {length} characters<code class="sub">SHA-256 {sha256}</code>
      </>
    );
  if (typeof value === "string") return <span class="value">{redactValue("", value) as string}</span>;
  return <code class="value">{JSON.stringify(value, redactValue, 1)}</code>;
}
