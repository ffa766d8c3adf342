import { AppError } from "../../errors.ts";

/** The smallest parts of a filter (RFC 7644 section 3.4.2.2, figure 1), each with its position, from 0. */
export type Token =
  | { readonly kind: "(" | ")" | "[" | "]" | "end"; readonly position: number }
  /** A name, an operator, or a value without quotes: which of them, the grammar decides. */
  | { readonly kind: "word"; readonly text: string; readonly position: number }
  | { readonly kind: "text"; readonly value: string; readonly position: number };

/** Reads the tokens of a filter one by one and looks one ahead at most. Each character is looked at once. */
export class Tokens {
  readonly #text: string;
  #at: number;
  #ahead: Token | undefined;

  constructor(text: string, from = 0) {
    this.#text = text;
    this.#at = from;
  }

  /** Where the last token that was taken or looked at ends. */
  get end(): number {
    return this.#at;
  }

  /** @throws AppError invalid-filter for a text that is no JSON string */
  peek(): Token {
    this.#ahead ??= this.#read();
    return this.#ahead;
  }

  take(): Token {
    const token = this.peek();
    this.#ahead = undefined;
    return token;
  }

  #read(): Token {
    this.#match(space);
    const position = this.#at;
    const bracket = this.#match(brackets);
    if (bracket !== undefined) return { kind: bracket as "(" | ")" | "[" | "]", position };
    const text = this.#match(word);
    if (text !== undefined) return { kind: "word", text, position };
    if (position === this.#text.length) return { kind: "end", position };
    return { kind: "text", value: textOf(this.#match(quoted), position), position };
  }

  #match(expression: RegExp): string | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}

const space = /[ \t\r\n]+/y;
const brackets = /[()[\]]/y;
const word = /[^ \t\r\n()[\]"]+/y;
const quoted = /"(?:[^"\\]|\\.)*"/sy;

/** A comparison value is a JSON string, so that brackets, blanks and words within it mean nothing. */
function textOf(literal: string | undefined, position: number): string {
  if (literal === undefined) throw refusal(position, "a text begins here that has no closing quote");
  let value: string;
  try {
    value = JSON.parse(literal) as string;
  } catch {
    throw refusal(position, "this text is not a JSON string: write control characters and backslashes as escapes");
  }
  if (value.includes("\0") || !value.isWellFormed()) {
    throw refusal(position, "this text holds a NUL or half of a surrogate pair, which is never stored");
  }
  return value;
}

/** A filter that cannot be understood. What it says may name attributes, and never repeats a value. */
export function refusal(position: number, message: string): AppError {
  return new AppError("invalid-filter", `At character ${position + 1}: ${message}.`);
}
