import type { Token } from "../../../../schemas/token.ts";
import type { Reader } from "../../../store/store.ts";

/** More levels than any operation creates: a token of an exchanged token of an access token of a client has three. */
const levelsMax = 8;

/**
 * Reads the tokens that a derived token depends on. It is valid only while all of them are active, can be used only from
 * addresses that all of them allow, and shares the rate limits of the last one, the root.
 * @returns the parent first and the root last; undefined if one of them does not exist
 */
export async function readAncestors(
  tokens: Pick<Reader<Token>, "get">,
  { parentId }: Pick<Token, "parentId">,
): Promise<readonly Token[] | undefined> {
  const ancestors: Token[] = [];
  for (let id = parentId; id !== undefined; ) {
    const ancestor = ancestors.length < levelsMax ? await tokens.get(id) : undefined;
    if (!ancestor) return undefined;
    ancestors.push(ancestor);
    id = ancestor.parentId;
  }
  return ancestors;
}
