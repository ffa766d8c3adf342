import type { ConsoleSignInSettings } from "../../../../schemas/console-sign-in.ts";
import type { Scope } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import type { Caller } from "../../caller.ts";
import { expandScopes } from "../../tokens/scopes.ts";

type Role = keyof ConsoleSignInSettings["roles"];

/** The scope of each role of the console. */
const roleScopes: Readonly<Record<Role, Scope>> = { read: "admin:read", write: "admin:write", full: "all" };

/** Who has a role. `full` has no groups of the directory. */
const membersOf = ({ roles }: ConsoleSignInSettings, role: Role) => ({ groups: [], ...roles[role] });

/** Returns the ids of the directory's groups that grant a role. */
export const listRoleGroups = (settings: ConsoleSignInSettings): readonly string[] =>
  roleNames.flatMap((role) => membersOf(settings, role).groups);

/** Returns the values of the groups claim that grant a role, of those that an ID token has. */
export function selectRoleClaims(settings: ConsoleSignInSettings, values: readonly string[]): readonly string[] {
  const granting = new Set(roleNames.flatMap((role) => membersOf(settings, role).idTokenGroups));
  return [...granting].filter((each) => values.includes(each));
}

/**
 * Returns the scopes of a user, with the implied ones expanded; empty if no role is granted.
 * @param idTokenGroups the values of the groups claim
 * @param groupIds the groups of the directory with this user
 */
export function toConsoleScopes(
  settings: ConsoleSignInSettings,
  idTokenGroups: readonly string[],
  groupIds: readonly string[],
): ReadonlySet<Scope> {
  const scopes = roleNames.filter((role) => {
    const members = membersOf(settings, role);
    return (
      members.idTokenGroups.some((each) => idTokenGroups.includes(each)) ||
      members.groups.some((each) => groupIds.includes(each))
    );
  });
  return expandScopes(scopes.map((role) => roleScopes[role]));
}

/**
 * Checks that the caller has every scope that the settings grant. Otherwise a caller with `admin:write` could
 * name an issuer of its own and sign in with full access.
 * @throws AppError forbidden naming the role
 */
export function assertCanGrantRoles({ scopes }: Caller, settings: ConsoleSignInSettings): void {
  for (const role of roleNames) {
    const { idTokenGroups, groups } = membersOf(settings, role);
    if (idTokenGroups.length + groups.length === 0 || scopes.has(roleScopes[role])) continue;
    throw new AppError(
      "forbidden",
      `consoleSignIn.roles.${role}: a credential cannot grant a scope that it does not have: ${roleScopes[role]}.`,
      { field: `consoleSignIn.roles.${role}` },
    );
  }
}

const roleNames = Object.keys(roleScopes) as readonly Role[];
