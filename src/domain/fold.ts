/**
 * The form in which texts are compared when their attribute is not case-exact (RFC 7643 section 2.2). Compatibility
 * forms are equal too, so that nobody can take a name that looks like another's. The two small sigmas are one letter,
 * whose form says only whether the word ends there; a prefix must not depend on that.
 */
export function fold(text: string): string {
  return text.normalize("NFKC").toLowerCase().normalize("NFKC").replaceAll("ς", "σ");
}
