import { redactText } from "../../log.ts";

/**
 * Collects the attributes of one request that the service ignored, for the request log. It holds names only, never
 * values, and it is bounded: a request cannot fill the log.
 */
export class IgnoredAttributes {
  readonly #names = new Set<string>();

  /**
   * Adds an attribute.
   * @param path as in an attribute path: `favoriteColor`, `name.nickname`, `urn:example:User.color`. A key that is no
   *   attribute name may be a value in the wrong place, so it is recorded as `***`
   */
  add(path: string): void {
    if (this.#names.size >= namesMax) return;
    this.#names.add(path.length <= nameLengthMax && attributePathPattern.test(path) ? redactText(path) : "***");
  }

  /** The names in the order in which they were added, each once. */
  get names(): readonly string[] {
    return [...this.#names];
  }
}

const namesMax = 50;
/** In characters. */
const nameLengthMax = 200;
/** A URN, a name (RFC 7643 section 2.1), and further names after dots. No part repeats another, so it is linear. */
const attributePathPattern = /^(?:urn:[\w:.-]+$|[a-z$][\w$-]*(?:\.[a-z$][\w$-]*)*$)/i;
