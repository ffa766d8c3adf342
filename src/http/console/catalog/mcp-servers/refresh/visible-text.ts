/** Control, format and private characters, which a reader does not see but a model reads. Line breaks and tabs are seen. */
const invisiblePattern = /[^\P{C}\n\t]|[\u2028\u2029\u3164\u115f\u1160\uffa0]/gu;

/** Replaces invisible characters by their code points, so that no text of an MCP server hides a part of itself. */
export const toVisibleText = (text: string): string =>
  text.replaceAll(
    invisiblePattern,
    (character) => `[U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}]`,
  );

/** Whether a text has characters that a reader does not see. */
export const hasInvisibleText = (text: string): boolean => toVisibleText(text) !== text;
