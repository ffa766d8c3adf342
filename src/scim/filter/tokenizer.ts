import { AppError } from "../../errors.ts";

/** A token of a filter (RFC 7644 section 3.4.2.2, figure 1) with its offset, from 0. */
export type FilterToken =
  | { readonly kind: "(" | ")" | "[" | "]" | "end"; readonly position: number }
  /** A name, an operator, or an unquoted value: the parser decides which. */
  | { readonly kind: "word"; readonly text: string; readonly position: number }
  | { readonly kind: "string"; readonly value: string; readonly position: number };

/** Reads the tokens of a filter with a lookahead of one. Reads each character once, so it takes linear time. */
export class FilterTokenizer {
  readonly #source: string;
  #offset: number;
  #lookahead: FilterToken | undefined;

  constructor(source: string, start = 0) {
    this.#source = source;
    this.#offset = start;
  }

  /** Offset behind the last token read, including the lookahead. */
  get end(): number {
    return this.#offset;
  }

  /** Returns the next token without consuming it. @throws AppError invalid-filter for an invalid string literal */
  peek(): FilterToken {
    this.#lookahead ??= this.#read();
    return this.#lookahead;
  }

  /** Consumes and returns the next token. @throws AppError invalid-filter for an invalid string literal */
  next(): FilterToken {
    const token = this.peek();
    this.#lookahead = undefined;
    return token;
  }

  #read(): FilterToken {
    this.#match(whitespacePattern);
    const position = this.#offset;
    const bracket = this.#match(bracketPattern);
    if (bracket !== undefined) return { kind: bracket as "(" | ")" | "[" | "]", position };
    const word = this.#match(wordPattern);
    if (word !== undefined) return { kind: "word", text: word, position };
    if (position === this.#source.length) return { kind: "end", position };
    return { kind: "string", value: parseStringLiteral(this.#match(stringPattern), position), position };
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#source)?.[0];
    this.#offset += match?.length ?? 0;
    return match;
  }
}

const whitespacePattern = /[ \t\r\n]+/y;
const bracketPattern = /[()[\]]/y;
const wordPattern = /[^ \t\r\n()[\]"]+/y;
const stringPattern = /"(?:[^"\\]|\\.)*"/sy;

/** A comparison value is a JSON string: brackets, spaces and keywords in it have no meaning. */
function parseStringLiteral(literal: string | undefined, position: number): string {
  if (literal === undefined) throw invalidFilter(position, "the string that begins here has no closing quote");
  let value: string;
  try {
    value = JSON.parse(literal) as string;
  } catch {
    throw invalidFilter(position, "invalid JSON string: escape control characters and backslashes");
  }
  if (value.includes("\0") || !value.isWellFormed()) {
    throw invalidFilter(position, "the string contains a NUL or an unpaired surrogate, which is never stored");
  }
  return value;
}

/**
 * Creates the error for an invalid filter.
 * @param position offset in the filter, from 0
 * @param message may name attributes, but must not repeat a value of the filter
 */
export function invalidFilter(position: number, message: string): AppError {
  return new AppError("invalid-filter", `At character ${position + 1}: ${message}.`);
}
