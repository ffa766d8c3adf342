import type { JWTPayload } from "jose";
import type { ConsoleSignInSettings } from "../../../../schemas/console-sign-in.ts";
import type { User } from "../../../../schemas/user.ts";
import type { Users } from "../../directory/users.ts";
import { findUserByExternalId, isStorableIdentifier } from "../../tokens/exchange/user.ts";

/**
 * Finds the active user that an ID token identifies. An address counts only if the provider states that it has verified
 * it: elsewhere, users can enter the address of another user.
 * @returns undefined if no user matches, or more than one
 */
export async function findSignedInUser(
  claims: JWTPayload,
  { matchUsersBy, externalIdClaim }: ConsoleSignInSettings,
  organizationId: string,
  users: Users,
): Promise<User | undefined> {
  const isVerified = claims["email_verified"] === true || claims["email_verified"] === "true";
  if (matchUsersBy === "email" && !isVerified) return undefined;
  const identifier = readClaim(claims, matchUsersBy === "email" ? "email" : externalIdClaim);
  if (typeof identifier !== "string" || !isStorableIdentifier(identifier)) return undefined;
  const user =
    matchUsersBy === "email"
      ? await users.findByUserNameOrEmail(organizationId, identifier)
      : await findUserByExternalId(identifier, organizationId, users);
  return user?.active ? user : undefined;
}

/** Returns the strings of a claim that is a string or an array; empty if it is missing. */
export function readClaimValues(claims: JWTPayload, name: string): readonly string[] {
  return [readClaim(claims, name)].flat().filter((each): each is string => typeof each === "string");
}

/** A claim can be named like a property that every object has. */
const readClaim = (claims: JWTPayload, name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : undefined;
