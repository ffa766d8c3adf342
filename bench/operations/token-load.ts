import type { Operation, Send } from "./load.ts";
import { toRequest } from "./operations.ts";

/** Tokens that are created and renamed, possibly by replicas of different versions. */
export interface TokenLoad {
  readonly operation: Operation;
  /** The tokens whose creation was acknowledged: id -> the name of the last acknowledged change. */
  readonly acknowledged: ReadonlyMap<string, string>;
}

/** Returns the operation that creates a token and renames it. */
export function createTokenLoad(secret: string): TokenLoad {
  const acknowledged = new Map<string, string>();
  let count = 0;
  const run = async (send: Send): Promise<void> => {
    const number = ++count;
    const created = { name: `Created ${number}.`, type: "scim" };
    const text = await send(toRequest(secret, "POST", "/api/tokens", { status: 201, body: created }));
    const { id } = JSON.parse(text);
    acknowledged.set(id, created.name);
    const renamed = `Renamed ${number}.`;
    await send(toRequest(secret, "PATCH", `/api/tokens/${id}`, { body: { name: renamed }, expectedText: renamed }));
    acknowledged.set(id, renamed);
  };
  return { operation: { name: "/api token POST and PATCH", run }, acknowledged };
}

/** Returns the acknowledged tokens that are not found by their names in lower case, or that are found by the first name too. */
export async function findLostTokens(
  send: Send,
  secret: string,
  { acknowledged }: Pick<TokenLoad, "acknowledged">,
): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const [id, name] of acknowledged) {
    const find = async (searched: string): Promise<boolean> =>
      (await send(toRequest(secret, "GET", `/api/tokens?name=${encodeURIComponent(searched.toLowerCase())}`))).includes(
        `"${id}"`,
      );
    const earlierName = name.replace("Renamed", "Created");
    if (!(await find(name)) || (name !== earlierName && (await find(earlierName)))) lost.push(id);
  }
  return lost;
}
