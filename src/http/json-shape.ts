import { AppError } from "../errors.ts";

/** Nested deeper than anything that the doors accept. */
const depthMax = 16;
/** A group of fifty thousand members, each with all that can be said of one, has a quarter of a million. */
const valuesMax = 300_000;
/** Different ones; far more than all schemas have together. */
const keysMax = 2000;

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Refuses a JSON text by its brackets, commas and keys, before anything is made of it: to parse what is nested deep,
 * or has ever new keys, holds the event loop for seconds. Whether it is JSON is for the parser to say, which reads no
 * further than to the first fault, and up to there both read the same.
 * @param text in UTF-8
 * @throws AppError invalid-request for what is nested too deep; too-large for too many values or keys
 */
export function assertShape(text: Buffer): void {
  const keys = new Set<string>();
  let depth = 0;
  let values = 1;
  let string: { readonly start: number; readonly end: number } | undefined; // a key, when a colon follows
  for (let at = 0; at < text.length; at++) {
    const byte = text[at];
    if (byte === quote) {
      string = { start: at + 1, end: endOfString(text, at + 1) };
      at = string.end;
    } else if (byte === closeList || byte === closeObject) depth--;
    else if (byte === comma) values++;
    else if (byte === openList || byte === openObject) {
      values++;
      if (++depth > depthMax) throw new AppError("invalid-request", `The body is nested more than ${depthMax} deep.`);
    } else if (byte === colon && string) {
      keys.add(text.toString("latin1", string.start, string.end));
      if (keys.size > keysMax) throw tooLarge(`more than ${keysMax} different keys`);
      string = undefined; // each is looked at once, whatever follows
    }
    if (values > valuesMax) throw tooLarge(`more than ${valuesMax} values`);
  }
}

/** Where the string that begins here has its closing quote; where it has none, the end of the whole. */
function endOfString(text: Buffer, start: number): number {
  let at = start;
  while (at < text.length && text[at] !== quote) at += text[at] === backslash ? 2 : 1;
  return at;
}

const tooLarge = (what: string): AppError =>
  new AppError("too-large", `The body has ${what}. Send it in several requests.`);
