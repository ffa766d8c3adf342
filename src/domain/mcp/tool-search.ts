import type { SearchableTool } from "./user-tools.ts";

/** A tool that matches a search. */
export interface FoundTool {
  readonly name: string;
  readonly server: string;
  readonly description?: string;
}

/**
 * Finds the tools that match a text best. A word in the name of a tool counts more than one in its title or description.
 * @param query words; without any, the first tools are returned
 * @param limit tools at most
 */
export function searchTools(tools: readonly SearchableTool[], query: string, limit: number): readonly FoundTool[] {
  const words = toWords(query).slice(0, wordsMax);
  const scored = tools.map((each) => ({ each, score: toScore(each, words) }));
  const matching = words.length === 0 ? scored : scored.filter(({ score }) => score > 0);
  return matching
    .sort((one, other) => other.score - one.score)
    .slice(0, limit)
    .map(({ each: { wireName, serverName, description } }) => ({
      name: wireName,
      server: serverName,
      ...(description !== undefined && { description: description.slice(0, descriptionLengthMax) }),
    }));
}

const wordsMax = 20;
const descriptionLengthMax = 300;

const toWords = (text: string): readonly string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

function toScore({ wireName, serverName, title, description }: SearchableTool, words: readonly string[]): number {
  const name = wireName.toLowerCase();
  const text = `${title ?? ""} ${description ?? ""} ${serverName}`.toLowerCase();
  let score = 0;
  for (const word of words) score += name.includes(word) ? 3 : text.includes(word) ? 1 : 0;
  return score;
}
