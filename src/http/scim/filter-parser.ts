import { AppError } from "../../errors.ts";
import { comparators, type Filter, type FilterValue, type PatchPath } from "./filter-syntax.ts";
import { refusal, type Token, Tokens } from "./filter-tokens.ts";

const lengthMax = 4096;
const termsMax = 100;
/** Brackets within brackets: bounds the recursion. */
const bracketsMax = 15;
/** Of the tree, its leaves counted: a filter of this depth is a condition that the store takes. */
const depthMax = 18;

/**
 * Reads a filter by the grammar of RFC 7644 section 3.4.2.2 in time linear in its length. Beyond the grammar it takes
 * `emails[type eq "work"].value eq "x"`, which Entra ID sends: both conditions hold for one element.
 * @throws AppError invalid-filter, saying where and what was expected
 */
export function parseFilter(text: string): Filter {
  if (text.length > lengthMax) {
    throw new AppError("invalid-filter", `The filter is longer than ${lengthMax} characters.`);
  }
  return new Parser(text).whole();
}

/**
 * Reads the path of a PATCH operation (RFC 7644 section 3.5.2, figure 7).
 * @throws AppError invalid-path; invalid-filter for what stands within the brackets
 */
export function parsePatchPath(text: string): PatchPath {
  if (text.length > lengthMax) throw badPath(`is longer than ${lengthMax} characters`);
  const bracket = text.indexOf("[");
  const path = (bracket === -1 ? text : text.slice(0, bracket)).trim();
  if (!isAttributePath(path)) throw badPath("does not begin with the name of an attribute");
  if (bracket === -1) return { path };
  const parser = new Parser(text, bracket);
  const filter = parser.valueFilter();
  const after = text.slice(parser.end).trim();
  if (after === "") return { path, filter };
  if (!isSubAttribute(after)) throw badPath('may end after "]" or go on with one sub-attribute, as in "].value"');
  return { path, filter, subAttribute: after.slice(1) };
}

class Parser {
  readonly #tokens: Tokens;
  #terms = 0;

  constructor(text: string, from = 0) {
    this.#tokens = new Tokens(text, from);
  }

  get end(): number {
    return this.#tokens.end;
  }

  whole(): Filter {
    const filter = this.#filter({ brackets: 0, withinElement: false });
    this.#expect("end", '"and", "or" or the end of the filter');
    return notTooDeep(filter);
  }

  /** `[filter]`, of a PATCH path. */
  valueFilter(): Filter {
    return notTooDeep(this.#bracketed("[", { brackets: 0, withinElement: true }));
  }

  /** `and` binds tighter than `or`. */
  #filter(place: Place): Filter {
    return this.#chain("or", () => this.#chain("and", () => this.#term(place)));
  }

  #chain(op: "and" | "or", operand: () => Filter): Filter {
    const first = operand();
    const all = [first];
    while (isWord(this.#tokens.peek(), op)) {
      this.#tokens.take();
      all.push(operand());
    }
    return all.length === 1 ? first : { op, all };
  }

  #term(place: Place): Filter {
    if (this.#tokens.peek().kind === "(") return this.#bracketed("(", place);
    const token = this.#tokens.take();
    if (isWord(token, "not")) return { op: "not", filter: this.#bracketed("(", place) };
    if (token.kind !== "word" || !isAttributePath(token.text)) {
      throw refusal(token.position, 'the name of an attribute, "not (" or "(" is expected');
    }
    const { text: path, position } = token;
    if (this.#tokens.peek().kind !== "[") return this.#comparison(path, position);
    if (place.withinElement) throw refusal(position, "brackets [ ] do not stand within brackets [ ]");
    const filter = this.#bracketed("[", { ...place, withinElement: true });
    const next = this.#tokens.peek();
    if (next.kind !== "word" || !isSubAttribute(next.text)) return { op: "valuePath", path, filter, position };
    this.#tokens.take();
    const ofSubAttribute = this.#comparison(next.text.slice(1), next.position + 1);
    return { op: "valuePath", path, filter: { op: "and", all: [filter, ofSubAttribute] }, position };
  }

  #bracketed(opening: "(" | "[", { brackets, withinElement }: Place): Filter {
    const { position } = this.#expect(opening, `"${opening}"`);
    if (brackets === bracketsMax) throw refusal(position, `brackets stand more than ${bracketsMax} deep`);
    const filter = this.#filter({ brackets: brackets + 1, withinElement });
    const closing = opening === "(" ? ")" : "]";
    this.#expect(closing, `"and", "or" or "${closing}"`);
    return filter;
  }

  #comparison(path: string, position: number): Filter {
    if (++this.#terms > termsMax) throw refusal(position, `a filter has ${termsMax} comparisons at most`);
    const token = this.#tokens.take();
    if (isWord(token, "pr")) return { op: "pr", path, position };
    const op = comparators.find((each) => isWord(token, each));
    if (op === undefined) throw refusal(token.position, `an operator is expected: ${comparators.join(", ")} or pr`);
    return { op, path, value: literalOf(this.#tokens.take()), position };
  }

  #expect(kind: Token["kind"], expected: string): Token {
    const token = this.#tokens.take();
    if (token.kind !== kind) throw refusal(token.position, `${expected} is expected`);
    return token;
  }
}

interface Place {
  readonly brackets: number;
  readonly withinElement: boolean;
}

const words: ReadonlyMap<string, FilterValue> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;

function literalOf(token: Token): FilterValue {
  if (token.kind === "text") return token.value;
  const text = token.kind === "word" ? token.text : "";
  const named = words.get(text.toLowerCase());
  if (named !== undefined) return named;
  if (number.test(text) && Number.isFinite(Number(text))) return Number(text);
  throw refusal(token.position, "a value is expected: a text in double quotes, a number, true, false or null");
}

function isWord(token: Token, word: string): boolean {
  return token.kind === "word" && token.text.toLowerCase() === word;
}

const attributeName = /^[A-Za-z_$][A-Za-z0-9_$-]*$/;

/** `[URN ":"] name *("." name)`. A URN has dots and colons of its own: names begin behind the last colon. */
function isAttributePath(text: string): boolean {
  const colon = text.lastIndexOf(":");
  if (colon !== -1 && !/^urn:[A-Za-z0-9.:_-]+$/i.test(text.slice(0, colon))) return false;
  return text
    .slice(colon + 1)
    .split(".")
    .every((name) => attributeName.test(name));
}

const isSubAttribute = (text: string): boolean => text.startsWith(".") && attributeName.test(text.slice(1));

function notTooDeep(filter: Filter): Filter {
  if (depthOf(filter) <= depthMax) return filter;
  throw new AppError("invalid-filter", `The filter is nested more than ${depthMax} deep.`);
}

function depthOf(filter: Filter): number {
  if ("all" in filter) return 1 + Math.max(...filter.all.map(depthOf));
  return 1 + ("filter" in filter ? depthOf(filter.filter) : 0);
}

const badPath = (fault: string): AppError => new AppError("invalid-path", `The path ${fault}.`, { field: "path" });
