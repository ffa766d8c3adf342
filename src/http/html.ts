/** A text that is HTML already. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What can stand in a template: texts are escaped; nothing stands for nothing. */
export type Shown = string | number | Html | undefined | false | readonly Shown[];

/** A template of HTML, in which everything that is put in is escaped, in elements and in quoted attributes alike. */
export function html(parts: TemplateStringsArray, ...values: readonly Shown[]): Html {
  return new Html(String.raw({ raw: parts }, ...values.map(textOf)));
}

/** A text in which what stands between backticks is code, and between double asterisks strong; the rest is text. */
export function marked(text: string): Html {
  return new Html(
    html`${text}`.text
      .replaceAll(/`([^`]+)`/g, "<code>$1</code>")
      .replaceAll(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>"),
  );
}

function textOf(value: Shown): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(textOf).join("");
  return String(value).replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
