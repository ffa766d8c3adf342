import { AppError } from "../../errors.ts";
import { comparators, type FilterValue, type PatchPath, type ScimFilter } from "./syntax.ts";
import { type FilterToken, FilterTokenizer, invalidFilter } from "./tokenizer.ts";

const lengthMax = 4096;
const comparisonsMax = 100;
/** Nested brackets. Bounds the recursion. */
const nestingMax = 15;
/** Depth of the syntax tree, including its leaves. The store accepts the condition of such a filter. */
const depthMax = 18;

/**
 * Parses a filter by the grammar of RFC 7644 section 3.4.2.2, in time linear in its length. Also accepts `emails[type
 * eq "work"].value eq "x"`, which Entra ID sends: one element must match both comparisons.
 * @throws AppError invalid-filter with the position and the expected token
 */
export function parseFilter(source: string): ScimFilter {
  if (source.length > lengthMax) {
    throw new AppError("invalid-filter", `The filter is longer than ${lengthMax} characters.`);
  }
  return new Parser(source).parseWholeFilter();
}

/**
 * Parses the path of a PATCH operation (RFC 7644 section 3.5.2, figure 7).
 * @throws AppError invalid-path; invalid-filter for the filter in brackets
 */
export function parsePatchPath(source: string): PatchPath {
  if (source.length > lengthMax) throw invalidPath(`is longer than ${lengthMax} characters`);
  const bracket = source.indexOf("[");
  const path = (bracket === -1 ? source : source.slice(0, bracket)).trim();
  if (!isAttributePath(path)) throw invalidPath("must begin with the name of an attribute");
  if (bracket === -1) return { path };
  const parser = new Parser(source, bracket);
  const filter = parser.parseValueFilter();
  const suffix = source.slice(parser.end).trim();
  if (suffix === "") return { path, filter };
  if (!isSubAttribute(suffix))
    throw invalidPath('must end after "]" or continue with a sub-attribute, as in "].value"');
  return { path, filter, subAttribute: suffix.slice(1) };
}

class Parser {
  readonly #tokens: FilterTokenizer;
  #comparisonCount = 0;

  constructor(source: string, start = 0) {
    this.#tokens = new FilterTokenizer(source, start);
  }

  /** Offset behind the last token. */
  get end(): number {
    return this.#tokens.end;
  }

  parseWholeFilter(): ScimFilter {
    const filter = this.#parseFilter({ brackets: 0, withinElement: false });
    this.#expect("end", '"and", "or" or end of filter');
    return checkDepth(filter);
  }

  /** Parses the `[filter]` of a PATCH path. */
  parseValueFilter(): ScimFilter {
    return checkDepth(this.#parseBracketed("[", { brackets: 0, withinElement: true }));
  }

  /** `and` binds tighter than `or`. */
  #parseFilter(context: ParseContext): ScimFilter {
    return this.#parseChain("or", () => this.#parseChain("and", () => this.#parseTerm(context)));
  }

  #parseChain(op: "and" | "or", parseOperand: () => ScimFilter): ScimFilter {
    const first = parseOperand();
    const all = [first];
    while (isKeyword(this.#tokens.peek(), op)) {
      this.#tokens.next();
      all.push(parseOperand());
    }
    return all.length === 1 ? first : { op, all };
  }

  #parseTerm(context: ParseContext): ScimFilter {
    if (this.#tokens.peek().kind === "(") return this.#parseBracketed("(", context);
    const token = this.#tokens.next();
    if (isKeyword(token, "not")) return { op: "not", filter: this.#parseBracketed("(", context) };
    if (token.kind !== "word" || !isAttributePath(token.text)) {
      throw invalidFilter(token.position, 'expected an attribute name, "not (" or "("');
    }
    const { text: path, position } = token;
    if (this.#tokens.peek().kind !== "[") return this.#parseComparison(path, position);
    if (context.withinElement) throw invalidFilter(position, "brackets [ ] cannot be nested in brackets [ ]");
    const filter = this.#parseBracketed("[", { ...context, withinElement: true });
    const next = this.#tokens.peek();
    if (next.kind !== "word" || !isSubAttribute(next.text)) return { op: "valuePath", path, filter, position };
    this.#tokens.next();
    const subAttributeComparison = this.#parseComparison(next.text.slice(1), next.position + 1);
    return { op: "valuePath", path, filter: { op: "and", all: [filter, subAttributeComparison] }, position };
  }

  #parseBracketed(opening: "(" | "[", { brackets, withinElement }: ParseContext): ScimFilter {
    const { position } = this.#expect(opening, `"${opening}"`);
    if (brackets === nestingMax)
      throw invalidFilter(position, `brackets are nested more than ${nestingMax} levels deep`);
    const filter = this.#parseFilter({ brackets: brackets + 1, withinElement });
    const closing = opening === "(" ? ")" : "]";
    this.#expect(closing, `"and", "or" or "${closing}"`);
    return filter;
  }

  #parseComparison(path: string, position: number): ScimFilter {
    if (++this.#comparisonCount > comparisonsMax)
      throw invalidFilter(position, `the filter has more than ${comparisonsMax} comparisons`);
    const token = this.#tokens.next();
    if (isKeyword(token, "pr")) return { op: "pr", path, position };
    const op = comparators.find((each) => isKeyword(token, each));
    if (op === undefined) throw invalidFilter(token.position, `expected an operator: ${comparators.join(", ")} or pr`);
    return { op, path, value: parseLiteral(this.#tokens.next()), position };
  }

  #expect(kind: FilterToken["kind"], expected: string): FilterToken {
    const token = this.#tokens.next();
    if (token.kind !== kind) throw invalidFilter(token.position, `expected ${expected}`);
    return token;
  }
}

interface ParseContext {
  readonly brackets: number;
  readonly withinElement: boolean;
}

const keywordLiterals: ReadonlyMap<string, FilterValue> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;

function parseLiteral(token: FilterToken): FilterValue {
  if (token.kind === "string") return token.value;
  const word = token.kind === "word" ? token.text : "";
  const literal = keywordLiterals.get(word.toLowerCase());
  if (literal !== undefined) return literal;
  if (numberPattern.test(word) && Number.isFinite(Number(word))) return Number(word);
  throw invalidFilter(token.position, "expected a value: a string in double quotes, a number, true, false or null");
}

function isKeyword(token: FilterToken, word: string): boolean {
  return token.kind === "word" && token.text.toLowerCase() === word;
}

const attributeNamePattern = /^[A-Za-z_$][A-Za-z0-9_$-]*$/;

/**
 * `[URN ":"] name *("." name)`. A URN can contain dots and colons, so the names begin after the last colon, or after the
 * version number with which a URN of SCIM 1.1 ends.
 */
function isAttributePath(path: string): boolean {
  const colon = path.lastIndexOf(":");
  if (colon === -1) return areNames(path);
  if (!/^urn:[A-Za-z0-9.:_-]+$/i.test(path.slice(0, colon))) return false;
  const version = /^\d\.\d(?:\.|$)/.exec(path.slice(colon + 1))?.[0];
  const names = path.slice(colon + 1 + (version?.length ?? 0));
  return (version !== undefined && names === "") || areNames(names);
}

const areNames = (names: string): boolean => names.split(".").every((name) => attributeNamePattern.test(name));

const isSubAttribute = (suffix: string): boolean =>
  suffix.startsWith(".") && attributeNamePattern.test(suffix.slice(1));

function checkDepth(filter: ScimFilter): ScimFilter {
  if (measureDepth(filter) <= depthMax) return filter;
  throw new AppError("invalid-filter", `The filter is nested more than ${depthMax} levels deep.`);
}

function measureDepth(filter: ScimFilter): number {
  if ("all" in filter) return 1 + Math.max(...filter.all.map(measureDepth));
  return 1 + ("filter" in filter ? measureDepth(filter.filter) : 0);
}

const invalidPath = (detail: string): AppError =>
  new AppError("invalid-path", `The path ${detail}.`, { field: "path" });
