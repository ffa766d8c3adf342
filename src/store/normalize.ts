/**
 * Returns the form in which strings are compared when their attribute is not case-exact (RFC 7643 section 2.2): NFKC in
 * lower case. Compatibility forms are equal too, so that a name cannot imitate another one. Both lowercase sigmas are
 * equal, because the final form only marks the end of a word, and a prefix must not depend on that.
 */
export function normalize(value: string): string {
  if (asciiPattern.test(value)) return value.toLowerCase();
  const lowercased = limitCombiningMarks(value).normalize("NFKC").toLowerCase();
  return limitCombiningMarks(lowercased).normalize("NFKC").replaceAll("ς", "σ");
}

const asciiPattern = /^[\0-\x7f]*$/;

/**
 * Normalization sorts consecutive combining marks in quadratic time. A joiner is inserted after each thirty marks to end
 * the run, as in the Stream-Safe Text Format (UAX #15 section 13). No word of any language has that many.
 */
function limitCombiningMarks(value: string): string {
  return longMarkRunPattern.test(value) ? value.replace(thirtyMarksPattern, "$&\u034f") : value;
}

const longMarkRunPattern = /(?:(?!\u034f)\p{M}){31}/u;
const thirtyMarksPattern = /(?:(?!\u034f)\p{M}){30}/gu;
