/**
 * Whether JSON text has more than this number of levels. Objects and arrays that are nested very deeply can be parsed, and
 * end the stack of everything that walks through them later.
 */
export function exceedsJsonDepth(text: string, levelsMax: number): boolean {
  let level = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) at = skipString(text, at);
    else if (code === openBrace || code === openBracket) {
      if (++level > levelsMax) return true;
    } else if (code === closeBrace || code === closeBracket) level--;
  }
  return false;
}

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];

/** @returns the position of the quotation mark that ends the string */
function skipString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === backslash) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
