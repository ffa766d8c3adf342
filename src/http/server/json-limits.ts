import { AppError } from "../../errors.ts";

/** The limits of the JSON of a body. */
export interface JsonLimits {
  /** Levels of objects and arrays. */
  readonly depthMax: number;
  readonly distinctKeysMax: number;
}

/** Deeper, and with far more keys, than any body of the resources that have only attributes of their own. */
export const attributeJsonLimits: JsonLimits = { depthMax: 16, distinctKeysMax: 2000 };
/** A group of 50,000 members with all attributes of a member has 250,000 values. */
const valuesMax = 300_000;

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Rejects JSON by its brackets, commas and keys before it is parsed: parsing deeply nested JSON, or JSON with very many
 * distinct keys, blocks the event loop for seconds. It does not check the syntax. The parser does, and stops at the first
 * syntax error; up to that point both read the same structure.
 * @param json in UTF-8
 * @param limits of depth and distinct keys
 * @throws AppError invalid-request if nested too deeply; too-large if there are too many values or keys
 */
export function assertJsonLimits(json: Buffer, { depthMax, distinctKeysMax }: JsonLimits = attributeJsonLimits): void {
  const keys = new Set<string>();
  let depth = 0;
  let valueCount = 1;
  let lastString: { readonly start: number; readonly end: number } | undefined; // a key if a colon follows
  for (let offset = 0; offset < json.length; offset++) {
    const byte = json[offset];
    if (byte === quote) {
      lastString = { start: offset + 1, end: findStringEnd(json, offset + 1) };
      offset = lastString.end;
    } else if (byte === closeArray || byte === closeObject) depth--;
    else if (byte === comma) valueCount++;
    else if (byte === openArray || byte === openObject) {
      valueCount++;
      if (++depth > depthMax)
        throw new AppError("invalid-request", `The body is nested more than ${depthMax} levels deep.`);
    } else if (byte === colon && lastString) {
      keys.add(json.toString("latin1", lastString.start, lastString.end));
      if (keys.size > distinctKeysMax) throw tooLarge(`more than ${distinctKeysMax} distinct keys`);
      lastString = undefined; // so that further colons do not read the same string again
    }
    if (valueCount > valuesMax) throw tooLarge(`more than ${valuesMax} values`);
  }
}

/** The offset of the closing quote of the string that starts here, or the end of the input if it is unterminated. */
function findStringEnd(json: Buffer, start: number): number {
  let offset = start;
  while (offset < json.length && json[offset] !== quote) offset += json[offset] === backslash ? 2 : 1;
  return offset;
}

const tooLarge = (reason: string): AppError =>
  new AppError("too-large", `The body has ${reason}. Split it into several requests.`);
