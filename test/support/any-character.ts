import fc from "fast-check";

const isSurrogate = (codePoint: number): boolean => codePoint >= 0xd800 && codePoint <= 0xdfff;

/**
 * Any character but half a surrogate pair, as the unit of a string: more often of ASCII and of the first plane than of the
 * others. fast-check's unit "binary" is the same, and takes four seconds and a map of a million characters to create.
 */
export const anyCharacter = fc
  .oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0xffff }), fc.nat({ max: 0x10ffff }))
  .filter((codePoint) => !isSurrogate(codePoint))
  .map((codePoint) => String.fromCodePoint(codePoint));
