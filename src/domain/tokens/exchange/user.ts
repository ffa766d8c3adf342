import type { JWTPayload } from "jose";
import type { User } from "../../../../schemas/user.ts";
import type { Users } from "../../directory/users.ts";

/**
 * Finds the active user that the claims of a verified JWT identify: by `email` or, if there is none, by `sub`, which is
 * compared with `externalId`. A JWT with an `email` is never matched by `sub`.
 * @returns undefined if no user matches, or more than one
 */
export async function findUserByClaims(
  claims: JWTPayload,
  organizationId: string,
  users: Users,
): Promise<User | undefined> {
  const { email, email_verified: isVerified = true, sub } = claims;
  // Some identity providers send booleans as strings.
  if (email !== undefined && isVerified !== true && isVerified !== "true") return undefined;
  const identifier = email ?? sub;
  if (typeof identifier !== "string" || !isStorableIdentifier(identifier)) return undefined;
  const user =
    email === undefined
      ? await findUserByExternalId(identifier, organizationId, users)
      : await users.findByUserNameOrEmail(organizationId, identifier);
  return user?.active ? user : undefined;
}

/** Finds the active user with this `externalId`. @returns undefined if no user matches, or more than one */
export async function findUserByExternalId(
  value: string,
  organizationId: string,
  users: Users,
): Promise<User | undefined> {
  const conditions = [
    { op: "eq", path: "externalId", value } as const,
    { op: "eq", path: "active", value: true } as const,
  ];
  const { items } = await users.list(organizationId, { where: { op: "and", all: conditions }, limit: 2 });
  return items.length === 1 ? items[0] : undefined;
}

/** Whether both engines can store the string unchanged, and it is not too long for an e-mail address. */
export const isStorableIdentifier = (text: string): boolean =>
  text !== "" && text.length <= 320 && !text.includes("\0") && text.isWellFormed();
