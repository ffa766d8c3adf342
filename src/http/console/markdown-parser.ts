import { type Node, Parser } from "commonmark";

/** Longer text is not parsed: parsing and rendering it would hold the event loop. */
const lengthMax = 30_000;
/** The parser reads the rest of a word after each start of a link, and visits every open bracket after each link. */
const linkStepsMax = 2_000_000;
/** Titles of links are not shown. */
const titleLengthMax = 1000;

/** What the parser reads again from each of its characters or lines, in an amount that no document needs. */
const excesses = [
  /[\t\n\v\f\r ]{1001}/,
  /`{1001}/,
  // Markers of nested quotes and lists at the beginning of one line.
  /^(?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]))){41}/m,
  // Indentation, which continues nested lists.
  /^(?:[ \t]*>)*(?:[ \t]{101}|(?: *\t){26})/m,
];

/** The methods of the parser that are replaced, and what they use. */
interface InlineParser {
  match(pattern: RegExp): string | null;
  parseHtmlTag(): boolean;
  parseLinkTitle(): string | null;
}

/**
 * Parses CommonMark in time that is bounded whatever the text is. HTML within a paragraph is text.
 * @returns undefined if the text is too long or too expensive
 */
export function parseMarkdown(text: string): Node | undefined {
  if (!isBounded(text)) return undefined;
  const parser = new Parser();
  const { inlineParser } = parser as Parser & { readonly inlineParser: InlineParser };
  inlineParser.parseHtmlTag = () => false;
  inlineParser.parseLinkTitle = () => inlineParser.match(linkTitle);
  return parser.parse(text);
}

/** A title as in CommonMark, matched in linear time. */
const linkTitle = new RegExp(
  ['""', "''", "()"]
    .map(
      ([open = "", close = ""]) => `^\\${open}(?:\\\\[^]|[^\\\\\\${open}\\${close}\\0]){0,${titleLengthMax}}\\${close}`,
    )
    .join("|"),
);

function isBounded(text: string): boolean {
  if (text.length > lengthMax || excesses.some((excess) => excess.test(text))) return false;
  const wordLengthMax = text.split(/[\t\n\v\f\r ]/).reduce((max, { length }) => Math.max(max, length), 0);
  const inlineLinks = count(text, "](");
  // References to definitions can be links too.
  const links = text.includes("]:") ? count(text, "]") : inlineLinks;
  return Math.max(inlineLinks * wordLengthMax, links * count(text, "[")) <= linkStepsMax;
}

const count = (text: string, part: string): number => text.split(part).length - 1;
