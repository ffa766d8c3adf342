import type { Token } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import { tokens, users } from "../../../store/collections.ts";
import type { Tenant, Transaction } from "../../../store/store.ts";
import { isRiskWithin } from "../../access/tool-risk.ts";
import type { Caller } from "../../caller.ts";
import { isOutdated } from "../generation.ts";
import { expandScopes } from "../scopes.ts";
import { toTokenStatus } from "../status.ts";
import { isWithinAllowlist } from "../verify/allowlist.ts";
import { readAncestors } from "../verify/ancestors.ts";

type GrantedFields = Pick<Token, "scopes" | "expiresAt" | "environment" | "mcpServers" | "maxRisk" | "allowedIps">;

/**
 * Checks that a token that the caller creates, enables, widens or rotates has no more access than the caller: its
 * scopes, servers and addresses are within the caller's, and it does not expire later.
 * @throws AppError forbidden naming the field
 */
export function assertCanGrant({ scopes, restriction, token }: Caller, granted: GrantedFields): void {
  const excessScopes = [...expandScopes(granted.scopes)].filter((scope) => !scopes.has(scope));
  if (excessScopes.length > 0) throw denied("scopes", `scopes that it does not have: ${excessScopes.join(", ")}`);
  if (
    token?.expiresAt !== undefined &&
    !(granted.expiresAt !== undefined && !isLater(granted.expiresAt, token.expiresAt))
  ) {
    throw denied("expiresAt", `an expiry later than its own, which is ${token.expiresAt}`);
  }
  if (restriction?.environment !== undefined && granted.environment !== restriction.environment) {
    throw denied("environment", `access outside its own environment, which is ${restriction.environment}`);
  }
  const allowedServers = restriction?.mcpServers;
  if (allowedServers && !granted.mcpServers?.every((slug) => allowedServers.includes(slug))) {
    throw denied(
      "mcpServers",
      `access to servers other than its own, which are ${allowedServers.slice(0, 10).join(", ")}`,
    );
  }
  const maxRisk = restriction?.maxRisk;
  if (maxRisk !== undefined && !(granted.maxRisk !== undefined && isRiskWithin(granted.maxRisk, maxRisk))) {
    throw denied("maxRisk", `access to tools of a higher risk than its own, which is ${maxRisk}`);
  }
  if (token?.allowedIps && !isWithinAllowlist(granted.allowedIps, token.allowedIps)) {
    throw denied(
      "allowedIps",
      `access from addresses other than its own, which are ${token.allowedIps.slice(0, 10).join(", ")}`,
    );
  }
}

const denied = (field: string, excess: string): AppError =>
  new AppError("forbidden", `${field}: a credential cannot grant ${excess}.`, { field });

/** Whether one expiry is later than another (ISO 8601). */
const isLater = (expiresAt: string, other: string): boolean => Date.parse(expiresAt) > Date.parse(other);

/**
 * Reads the caller's token again inside the transaction, so that a token that was revoked since the request began cannot
 * create or change anything.
 * @returns undefined for a caller without a token
 * @throws AppError invalid-token if the token, or one that it depends on, is not active any more
 */
export async function readCallerToken(tx: Transaction, caller: Caller): Promise<Token | undefined> {
  return (await readCallerTokens(tx, caller))[0];
}

/**
 * Reads the caller's token as `readCallerToken` does, and forces a write conflict with a concurrent change of it, or of the
 * user who signed in to the console. For changes whose result stays valid when the caller's credential ends: without the
 * conflict, MongoDB would commit both a revocation and a token that was issued after it, because each transaction reads its
 * own snapshot.
 * @throws AppError invalid-token as `readCallerToken`
 */
export async function lockCallerToken(tx: Transaction, caller: Caller): Promise<Token | undefined> {
  const callerTokens = await readCallerTokens(tx, caller);
  const tenant = tx.for(caller.organizationId);
  const { type, id: userId = "" } = caller.actor;
  // Whatever reads a user as JSON removes `lockVersion` only beside a generation.
  if (type === "user") await tenant.open(users).increment(userId, { lockVersion: 1, tokenGeneration: 0 });
  const collection = tenant.open(tokens);
  for (const { id } of callerTokens) await collection.increment(id, { lockVersion: 1 });
  return callerTokens[0];
}

/**
 * @returns the caller's token and the tokens that it depends on; empty for a caller without a token
 * @throws AppError invalid-token also for a user of the console who was deactivated since the request began
 */
async function readCallerTokens(tx: Transaction, caller: Caller): Promise<readonly Token[]> {
  const { organizationId, actor } = caller;
  const tenant = tx.for(organizationId);
  if (actor.type === "user" && !(await isUserActive(tenant, actor.id, caller))) throw invalidCaller();
  if (actor.type !== "token" || actor.id === undefined) return [];
  const collection = tenant.open(tokens);
  const token = await collection.get(actor.id);
  const ancestors = token && (await readAncestors(collection, token));
  const chain = token && ancestors ? [token, ...ancestors] : [];
  const isUserValid = token?.userId === undefined || (await isUserActive(tenant, token.userId, token));
  if (chain.length > 0 && isUserValid && chain.every((each) => toTokenStatus(each) === "active")) return chain;
  throw invalidCaller();
}

/** Whether a user is active, and was never deactivated since a credential of this generation began. */
async function isUserActive(
  tenant: Tenant<"write">,
  userId: string | undefined,
  credential: Pick<Token, "userGeneration">,
): Promise<boolean> {
  const user = await tenant.open(users).get(userId ?? "");
  return user?.active === true && !isOutdated(credential, user);
}

const invalidCaller = (): AppError => new AppError("invalid-token", "The credential is not valid.");
