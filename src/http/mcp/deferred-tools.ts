import type { ListedText, ToolPages } from "../../domain/mcp/tool-pages.ts";

/**
 * The tools of one response as JSON. The SDK creates the response with an empty list, and they are inserted afterwards,
 * because they are kept as text: parsing them for the SDK, which writes them again, is most of the cost of a long list.
 */
export class DeferredTools {
  readonly #pages: ToolPages;
  #tools: readonly ListedText[] | undefined;

  constructor(pages: ToolPages) {
    this.#pages = pages;
  }

  /** @returns the list for the SDK: an empty one */
  defer(tools: readonly ListedText[]): readonly never[] {
    this.#tools = tools;
    return [];
  }

  /** Whether there are tools to insert. */
  get isPending(): boolean {
    return this.#tools !== undefined;
  }

  /** Of the tools as JSON, in characters. */
  get length(): number {
    return this.#tools?.reduce((sum, { length }) => sum + length, 0) ?? 0;
  }

  /**
   * Inserts the tools into a response.
   * @param text the response as JSON. A string in it cannot look like the list, because its quotation marks are escaped
   * @returns the parts of the complete response
   */
  insertInto(text: string): readonly Buffer[] {
    const at = text.indexOf(emptyList);
    if (!this.#tools || at < 0) return [Buffer.from(text)]; // an error of the SDK
    const start = at + emptyList.length - 1;
    return [Buffer.from(text.slice(0, start)), this.#pages.render(this.#tools), Buffer.from(text.slice(start))];
  }
}

const emptyList = '"tools":[]';
