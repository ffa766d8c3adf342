import type { ConsoleSignInSettings } from "../../../../schemas/console-sign-in.ts";
import type { Organization } from "../../../../schemas/organization.ts";
import type { Scope } from "../../../../schemas/token.ts";
import type { User } from "../../../../schemas/user.ts";
import { organizations, serviceTenant, type UserSignInCredential, users } from "../../../store/collections.ts";
import type { Store } from "../../../store/store.ts";
import type { Caller, RequestSource } from "../../caller.ts";
import { isOutdated } from "../../tokens/generation.ts";
import { listRoleGroups, toConsoleScopes } from "./console-roles.ts";
import { hashSignInSettings } from "./sign-in-attempts.ts";

/** An organization whose users can sign in through an OpenID Provider. */
export interface SignInOrganization {
  readonly organization: Organization;
  readonly settings: ConsoleSignInSettings;
}

/** Returns the settings of the sign-in; undefined without them, and while the organization is disabled. */
export function toSignInOrganization(organization: Organization | undefined): SignInOrganization | undefined {
  const { consoleSignIn, disabledAt } = organization ?? {};
  if (!organization || !consoleSignIn || disabledAt !== undefined) return undefined;
  return { organization, settings: consoleSignIn };
}

/** Verifies the sessions of users who have signed in through an OpenID Provider. */
export class UserSessions {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Verifies what a session stores for one request of it. The user, the groups of the directory and the settings are those
   * of now; the groups of the ID token are those of the sign-in that a role still names.
   * @returns undefined if the user is inactive or was deactivated since the sign-in, has no role any more, or the settings
   *   identify users in another way
   * @throws AppError unavailable
   */
  async verify(
    organizationId: string,
    { userId, userGeneration, settingsHash, idTokenGroups }: UserSignInCredential,
    source: RequestSource,
  ): Promise<Caller | undefined> {
    const organization = await this.#store.for(serviceTenant).open(organizations).get(organizationId);
    const { settings } = toSignInOrganization(organization) ?? {};
    if (!settings || hashSignInSettings(settings) !== settingsHash) return undefined;
    const user = await this.#store.for(organizationId).open(users).get(userId);
    if (!user?.active || isOutdated({ userGeneration }, user)) return undefined;
    const scopes = await this.readScopes(organizationId, settings, user, idTokenGroups);
    return scopes.size === 0 ? undefined : toUserCaller(organizationId, user, scopes, source);
  }

  /** Returns the scopes that a user has now; empty without a role. */
  async readScopes(
    organizationId: string,
    settings: ConsoleSignInSettings,
    { id }: User,
    idTokenGroups: readonly string[],
  ): Promise<ReadonlySet<Scope>> {
    const { memberships } = this.#store.for(organizationId);
    const hasGroups = listRoleGroups(settings).length > 0;
    const groupIds = hasGroups ? await memberships.transitiveGroupsOf(id) : [];
    return toConsoleScopes(settings, idTokenGroups, groupIds);
  }
}

/**
 * Returns the caller of a user's session. It acts for the organization, as a token of an administrator does, so that it
 * has no `userId`: that would restrict it to what the user may use.
 */
export const toUserCaller = (
  organizationId: string,
  { id, userName, tokenGeneration: userGeneration }: User,
  scopes: ReadonlySet<Scope>,
  { ip, requestId }: RequestSource,
): Caller => ({
  ...{ ip, requestId, organizationId, actor: { type: "user", id, name: userName }, scopes },
  ...(userGeneration !== undefined && { userGeneration }),
});
