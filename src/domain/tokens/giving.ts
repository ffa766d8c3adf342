import type { Token } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import type { Change } from "../../store/collection.ts";
import { tokens } from "../../store/collections.ts";
import type { Caller } from "../caller.ts";
import { isWithinAllowlist } from "./allowlist.ts";
import { expandScopes } from "./scopes.ts";
import { statusOf } from "./status.ts";

type Given = Pick<Token, "scopes" | "expiresAt" | "environment" | "mcpServers" | "allowedIps">;

/**
 * Holds what somebody makes, or gives back to use, to what that somebody can do: nothing that is given away opens more,
 * reaches further, or lives longer than the credential that gives it.
 * @throws AppError forbidden naming the field
 */
export function assertMayGive({ scopes, restriction, token }: Caller, given: Given): void {
  const beyond = [...expandScopes(given.scopes)].filter((scope) => !scopes.has(scope));
  if (beyond.length > 0) throw refused("scopes", `what it does not have itself: ${beyond.join(", ")}`);
  if (token?.expiresAt !== undefined && !(given.expiresAt !== undefined && given.expiresAt <= token.expiresAt)) {
    throw refused("expiresAt", `a longer life than its own, which ends at ${token.expiresAt}`);
  }
  if (restriction?.environment !== undefined && given.environment !== restriction.environment) {
    throw refused("environment", `more than its own environment, which is ${restriction.environment}`);
  }
  const servers = restriction?.mcpServers;
  if (servers && !given.mcpServers?.every((slug) => servers.includes(slug))) {
    throw refused("mcpServers", `other servers than its own, which are ${servers.slice(0, 10).join(", ")}`);
  }
  if (token?.allowedIps && !isWithinAllowlist(given.allowedIps, token.allowedIps)) {
    throw refused("allowedIps", `more addresses than its own, which are ${token.allowedIps.slice(0, 10).join(", ")}`);
  }
}

const refused = (field: string, what: string): AppError =>
  new AppError("forbidden", `${field}: no credential can give ${what}.`, { field });

/**
 * The caller's own token, read anew: what was revoked since the request began makes nothing any more.
 * @returns undefined for a caller without a token
 * @throws AppError invalid-token when it is not good any more
 */
export async function presentedToken(change: Change, { organizationId, actor }: Caller): Promise<Token | undefined> {
  if (actor.type !== "token" || actor.id === undefined) return undefined;
  const token = await change.for(organizationId).open(tokens).get(actor.id);
  if (token && statusOf(token) === "active") return token;
  throw new AppError("invalid-token", "The credential is not valid.");
}
