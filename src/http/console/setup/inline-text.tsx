import type { VNode } from "preact";

/** A text in which `**` encloses names that a product shows, `*` emphasis, and backticks code. */
export function InlineText({ text }: { readonly text: string }): VNode {
  const parts = text.split(/(\*\*[^*]+\*\*|\*[^*]+\*|`[^`]+`)/);
  return (
    <>
      {parts.map((part, index) => {
        if (part.startsWith("**")) return <strong key={index}>{part.slice(2, -2)}</strong>;
        if (part.startsWith("*")) return <em key={index}>{part.slice(1, -1)}</em>;
        return part.startsWith("`") ? <code key={index}>{part.slice(1, -1)}</code> : part;
      })}
    </>
  );
}
