import { LruCache } from "../../store/cache/lru-cache.ts";

/** A tool whose definition as JSON never changes. */
export interface ListedText {
  /** In characters, about. */
  readonly length: number;
  toText(): string;
}

/**
 * Renders pages of tools, and keeps the latest. A kept page is used only for a list of exactly the same objects in the same
 * order, each of which is one version of one tool, so that no user can get the tools of another one, or a former version.
 */
export class ToolPages {
  readonly #pages: LruCache<string, RenderedPage>;

  /** @param keepsPages false: each page is rendered */
  constructor(keepsPages = true) {
    this.#pages = new LruCache(keepsPages ? keptBytesMax : 0, ({ tools, bytes }) => tools.length + bytes.length);
  }

  /** Returns the definitions as JSON, separated by commas. */
  render(tools: readonly ListedText[]): Buffer {
    const key = toKey(tools);
    const kept = this.#pages.get(key);
    if (kept && isSameList(kept.tools, tools)) return kept.bytes;
    const bytes = Buffer.from(tools.map((each) => each.toText()).join(","));
    this.#pages.set(key, { tools, bytes });
    return bytes;
  }
}

interface RenderedPage {
  readonly tools: readonly ListedText[];
  readonly bytes: Buffer;
}

const keptBytesMax = 16 * 1024 * 1024;
const keyLengthMax = 400;

/** Lists with the same key can differ. It has the ends of the list, so that most users with different lists have others. */
function toKey(tools: readonly ListedText[]): string {
  const ends = [tools.at(0), tools.at(tools.length >> 1), tools.at(-1)];
  return `${tools.length} ${ends.map((each) => each?.toText().slice(0, keyLengthMax)).join(" ")}`;
}

const isSameList = (one: readonly ListedText[], other: readonly ListedText[]): boolean =>
  one.length === other.length && one.every((each, at) => each === other[at]);
