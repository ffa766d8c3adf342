/**
 * The form in which texts are compared when their attribute is not case-exact (RFC 7643 section 2.2). Compatibility
 * forms are equal too, so that nobody can take a name that looks like another's. The two small sigmas are one letter,
 * whose form says only whether the word ends there; a prefix must not depend on that.
 */
export function fold(text: string): string {
  if (isAscii.test(text)) return text.toLowerCase();
  const lower = bounded(text).normalize("NFKC").toLowerCase();
  return bounded(lower).normalize("NFKC").replaceAll("ς", "σ");
}

const isAscii = /^[\0-\x7f]*$/;

/**
 * Putting marks that follow each other into their order takes time square in their number. After each thirty a joiner
 * ends the run, as in the Stream-Safe Text Format (UAX #15 section 13); no word of any language has so many.
 */
function bounded(text: string): string {
  return manyMarks.test(text) ? text.replace(thirtyMarks, "$&\u034f") : text;
}

const manyMarks = /(?:(?!\u034f)\p{M}){31}/u;
const thirtyMarks = /(?:(?!\u034f)\p{M}){30}/gu;
