import type { JWTPayload } from "jose";
import type { User } from "../../../schemas/user.ts";
import type { Users } from "../people/users.ts";

/**
 * The active user whom the claims of a verified JWT name: by `email`, as everywhere, or, where there is none, by `sub`,
 * which is the user's `externalId`. Whoever has an `email` is never somebody else by `sub`.
 * @returns undefined where there is no such user, or where there are several
 */
export async function userOf(claims: JWTPayload, organizationId: string, users: Users): Promise<User | undefined> {
  const { email, email_verified: isVerified = true, sub } = claims;
  // Some identity providers write their truth values as texts.
  if (email !== undefined && isVerified !== true && isVerified !== "true") return undefined;
  const name = email ?? sub;
  if (typeof name !== "string" || !isName(name)) return undefined;
  const user =
    email === undefined
      ? await userWithExternalId(name, organizationId, users)
      : await users.called(organizationId, name);
  return user?.active ? user : undefined;
}

async function userWithExternalId(value: string, organizationId: string, users: Users): Promise<User | undefined> {
  const isOne = [{ op: "eq", path: "externalId", value } as const, { op: "eq", path: "active", value: true } as const];
  const { items } = await users.list(organizationId, { where: { op: "and", all: isOne }, limit: 2 });
  return items.length === 1 ? items[0] : undefined;
}

/** What a store gives back as it was. */
const isName = (text: string): boolean =>
  text !== "" && text.length <= 320 && !text.includes("\0") && text.isWellFormed();
