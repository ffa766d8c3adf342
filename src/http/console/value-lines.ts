import { assertStorableString } from "../server/json-body.ts";

/** Splits a field with one value per line. */
export const splitLines = (value = ""): readonly string[] =>
  value
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/**
 * Writes a value as one line: as it is, or as a JSON string in quotes if it would not be read back. A value can have line
 * breaks, spaces around it, or none of the characters at all.
 */
export const toValueLine = (value: string): string =>
  value === "" || value.startsWith('"') || value.trim() !== value || /[\n\r\u2028\u2029\0]/.test(value)
    ? JSON.stringify(value)
    : value;

/**
 * Reads a value that `toValueLine` has written. A string in quotes that is no JSON is the value itself.
 * @param field that the line belongs to
 * @throws AppError invalid-value naming the field, for a string that stores do not return unchanged
 */
export function fromValueLine(line: string, field: string): string {
  if (!line.startsWith('"')) return line;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof value !== "string") return line;
  assertStorableString(value, field);
  return value;
}

/** Reads a field with one value per line. @throws AppError invalid-value as `fromValueLine` */
export const readValueLines = (text: string | undefined, field: string): readonly string[] =>
  splitLines(text).map((line) => fromValueLine(line, field));
