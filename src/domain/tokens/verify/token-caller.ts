import type { Token } from "../../../../schemas/token.ts";
import type { Caller, RequestSource } from "../../caller.ts";
import { expandScopes } from "../scopes.ts";

/**
 * Returns the caller that a verified token identifies.
 * @param hashes of the presented secret
 * @param ancestors the tokens that it depends on, the root last
 */
export function toTokenCaller(
  token: Token,
  hashes: readonly string[],
  ancestors: readonly Token[],
  { ip, requestId }: RequestSource,
): Caller {
  const { type, expiresAt, secrets } = token;
  const hash = secrets.find((each) => hashes.includes(each.hash))?.hash ?? "";
  // A derived token without a list of its own has the one of the token that it was issued for.
  const allowedIps = token.allowedIps ?? ancestors.find((each) => each.allowedIps)?.allowedIps;
  const rootId = ancestors.at(-1)?.id;
  return {
    // Listed instead of spread: on Node 20, each property that is added to a copy costs as much as hashing a secret.
    ip,
    requestId,
    organizationId: token.organizationId,
    actor: toActor(token),
    scopes: expandScopes(token.scopes),
    token: {
      type,
      hash,
      ...(rootId !== undefined && { rootId }),
      ...(expiresAt !== undefined && { expiresAt }),
      ...(allowedIps && { allowedIps }),
    },
    ...(token.userId !== undefined && { userId: token.userId }),
    ...toRestriction(token),
  };
}

/** Returns undefined instead of an empty object, because spreading one costs as much as hashing a secret. */
function toRestriction({ environment, mcpServers, maxRisk }: Token): Pick<Caller, "restriction"> | undefined {
  if (environment === undefined && mcpServers === undefined && maxRisk === undefined) return undefined;
  const restriction = {
    ...(environment !== undefined && { environment }),
    ...(mcpServers && { mcpServers }),
    ...(maxRisk !== undefined && { maxRisk }),
  };
  return { restriction };
}

/** Returns the actor of what a token does. */
export const toActor = (token: Token): Caller["actor"] => ({ type: "token", id: token.id, name: token.name });
