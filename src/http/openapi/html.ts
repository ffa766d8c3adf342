/** A string that is HTML and needs no escaping. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A value in a template. Strings are escaped; `undefined` and `false` render nothing. */
export type HtmlValue = string | number | Html | undefined | false | readonly HtmlValue[];

/** A template tag for HTML. It escapes every value for use in elements and in quoted attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(String.raw({ raw: parts }, ...values.map(toHtmlText)));
}

/** Renders `code` in backticks and strong text in double asterisks, and escapes everything else. */
export function renderInlineMarkup(text: string): Html {
  return new Html(
    html`${text}`.text
      .replaceAll(/`([^`]+)`/g, "<code>$1</code>")
      .replaceAll(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>"),
  );
}

function toHtmlText(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(toHtmlText).join("");
  return String(value).replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
