import type { Token } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import type { Caller } from "../caller.ts";
import { assertMayGive } from "./giving.ts";
import { statusOf } from "./status.ts";

type Secret = Token["secrets"][number];

/** Secrets from before that are kept, so that the use of one is seen for what it is. */
const supersededMax = 5;

/**
 * The secrets of a token that is rotated: the new one, and those before it with their ends.
 * @throws AppError conflict; forbidden
 */
export function rotatedSecrets(token: Token, caller: Caller, secret: Secret, graceSeconds: number): Secret[] {
  const status = statusOf(token);
  if (status === "revoked" || status === "expired") {
    throw new AppError("conflict", `The token is ${status}; a rotation does not bring it back. Make a new one.`);
  }
  if (token.origin !== "issued") {
    throw new AppError("forbidden", "A token that was got for another credential is got anew, not rotated.");
  }
  if (caller.actor.type === "token" && caller.actor.id === token.id) assertNewest(token, caller);
  else assertMayGive(caller, token);
  const end = new Date(Date.now() + graceSeconds * 1000).toISOString();
  const earlier = ({ hash, notAfter = end }: Secret): Secret => ({ hash, notAfter: notAfter < end ? notAfter : end });
  return [secret, ...token.secrets.map(earlier)].slice(0, 1 + supersededMax);
}

/** The secret before may be in the hands of somebody else, or of a request that came second. */
function assertNewest({ secrets }: Token, { token }: Caller): void {
  const shown = secrets.find(({ hash }) => hash === token?.hash);
  if (shown && shown.notAfter === undefined) return;
  throw new AppError("conflict", "The token has been rotated already, and only its newest secret can rotate it again.");
}
