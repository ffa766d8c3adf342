import { isDeepStrictEqual } from "node:util";
import type { ConsoleSignInSettings } from "../../../../schemas/console-sign-in.ts";
import type { Transaction } from "../../../store/store.ts";
import type { Caller } from "../../caller.ts";
import { lockCallerToken } from "../../tokens/issue/delegation.ts";
import { assertCanGrantRoles } from "./console-roles.ts";
import { removeSignInClientSecret } from "./sign-in-client-secret.ts";

/**
 * Checks a change of the console's sign-in in the transaction of the change, and removes the client secret of an issuer
 * that is not used any more.
 * @throws AppError forbidden for a role that the caller cannot grant; invalid-token for a caller whose token was revoked
 */
export async function applySignInChange(
  transaction: Transaction,
  caller: Caller,
  before: ConsoleSignInSettings | undefined,
  after: ConsoleSignInSettings | undefined,
): Promise<void> {
  if (isDeepStrictEqual(before, after)) return;
  if (after) assertCanGrantRoles(caller, after);
  await lockCallerToken(transaction, caller);
  if (before?.issuer !== after?.issuer) await removeSignInClientSecret(transaction, caller);
}
