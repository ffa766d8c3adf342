import type { Token } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import type { Caller } from "../../caller.ts";
import { toTokenStatus } from "../status.ts";
import { assertCanGrant } from "./delegation.ts";

type StoredSecret = Token["secrets"][number];

/** The most previous secrets that are stored after their grace period, so that their use can be detected as a leak signal. */
const endedSecretsMax = 5;
/** The most previous secrets in their grace period. */
const graceSecretsMax = 20;

/**
 * Returns the secrets of a token after its rotation: the new one first, then the previous ones with the time until which
 * each is valid.
 * @param caller the token itself, with its current secret, or a caller that can grant the token's access
 * @param graceSeconds how long the current secret stays valid
 * @throws AppError conflict for a revoked or expired token, for a caller with a previous secret, and for too many
 *   previous secrets that are still valid; forbidden
 */
export function rotateSecrets(
  token: Token,
  caller: Caller,
  newSecret: StoredSecret,
  graceSeconds: number,
): StoredSecret[] {
  const status = toTokenStatus(token);
  if (status === "revoked" || status === "expired") {
    throw new AppError("conflict", `The token is ${status} and cannot be rotated. Create a new one.`);
  }
  if (token.origin !== "issued") {
    throw new AppError(
      "forbidden",
      "An access token of an exchange or of an OAuth client cannot be rotated. Request a new one.",
    );
  }
  if (caller.actor.type === "token" && caller.actor.id === token.id) assertCurrentSecret(token, caller);
  else assertCanGrant(caller, token);
  const now = Date.now();
  const graceEndsAt = new Date(now + graceSeconds * 1000).toISOString();
  const toPreviousSecret = ({ hash, notAfter = graceEndsAt }: StoredSecret): StoredSecret => ({
    hash,
    notAfter: Date.parse(notAfter) < Date.parse(graceEndsAt) ? notAfter : graceEndsAt,
  });
  const previous = token.secrets.map(toPreviousSecret);
  const isInGrace = ({ notAfter = "" }: StoredSecret): boolean => Date.parse(notAfter) > now;
  const ended = previous.filter((secret) => !isInGrace(secret)).slice(0, endedSecretsMax);
  const valid = previous.filter(isInGrace);
  if (valid.length <= graceSecretsMax) return [newSecret, ...valid, ...ended];
  throw new AppError(
    "conflict",
    `The token has ${graceSecretsMax} previous secrets in their grace period. Wait until one ends, or rotate it with a gracePeriodSeconds of 0, which ends all of them.`,
  );
}

/** A previous secret may be stolen, or belong to the slower of two concurrent rotations. */
function assertCurrentSecret({ secrets }: Token, { token }: Caller): void {
  const presentedSecret = secrets.find(({ hash }) => hash === token?.hash);
  if (presentedSecret && presentedSecret.notAfter === undefined) return;
  throw new AppError("conflict", "The token was rotated already. Only its current secret can rotate it again.");
}
