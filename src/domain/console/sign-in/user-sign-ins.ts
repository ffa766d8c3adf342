import type { ConsoleSignInSettings } from "../../../../schemas/console-sign-in.ts";
import type { Organization } from "../../../../schemas/organization.ts";
import { slug as slugSchema } from "../../../../schemas/text.ts";
import type { UserSignInCredential } from "../../../store/collections.ts";
import type { RejectedCredentials, SignInRejectionCause } from "../../audit/rejections.ts";
import type { Caller, RequestSource } from "../../caller.ts";
import { buildAuthorizationUrl } from "../../connections/authorization-url.ts";
import type { Users } from "../../directory/users.ts";
import type { AuthorizationResponse } from "../../oauth/oauth-connections.ts";
import type { Organizations } from "../../organizations.ts";
import type { JwksCache } from "../../tokens/exchange/jwks.ts";
import { selectRoleClaims } from "./console-roles.ts";
import { verifyIdToken } from "./id-token.ts";
import type { IdTokenRequest } from "./id-token-request.ts";
import { findSignedInUser, readClaimValues } from "./matched-user.ts";
import type { OpenIdProviders } from "./provider-metadata.ts";
import { RejectedSignInError } from "./rejected-sign-in.ts";
import { hashSignInSettings, isSameValue, type SignInAttempts, toAttemptValues } from "./sign-in-attempts.ts";
import type { UserInfoRequest } from "./user-info.ts";
import { type SignInOrganization, toSignInOrganization, toUserCaller, type UserSessions } from "./user-sessions.ts";

export interface UserSignInOptions {
  readonly organizations: Organizations;
  readonly users: Users;
  readonly userSessions: UserSessions;
  readonly attempts: SignInAttempts;
  readonly providers: OpenIdProviders;
  readonly jwks: JwksCache;
  readonly requestIdToken: IdTokenRequest;
  readonly addUserInfo: UserInfoRequest;
  readonly rejections: RejectedCredentials;
  /** The URL at which browsers reach this service. */
  readonly publicUrl: string;
}

/**
 * The sign-in that the page offers beside that with a token: of the only organization of the installation, if it has one;
 * `by-name` if there are several, which strangers must not learn.
 */
export type SignInOffer = SignInOrganization | "by-name" | undefined;

/** A user who has signed in. */
export interface SignedInUser {
  readonly caller: Caller;
  /** What the session stores. */
  readonly credential: UserSignInCredential;
  /** The page of the console to return to. */
  readonly returnPath?: string | undefined;
}

/**
 * Returns the redirect URI of an organization. Each has its own, so that the response of one provider cannot be used as
 * that of another (mix-up, RFC 9700 section 4.4.2.2), also for providers that do not send `iss`.
 */
export const toSignInRedirectUri = (publicUrl: string, slug: string): string =>
  `${publicUrl.replace(/\/+$/, "")}/console/sign-in/${slug}/callback`;

/**
 * Signs users in to the console through the OpenID Provider of their organization: the authorization code flow (OpenID
 * Connect Core 1.0 section 3.1) with PKCE (RFC 7636).
 */
export class UserSignIns {
  readonly #options: UserSignInOptions;

  constructor(options: UserSignInOptions) {
    this.#options = options;
  }

  /** Returns what the page of the sign-in offers before an organization is named. */
  async offer(): Promise<SignInOffer> {
    const { items } = await this.#options.organizations.list({ limit: 2 });
    return items.length > 1 ? "by-name" : toSignInOrganization(items[0]);
  }

  /** Finds an organization whose users can sign in. @returns undefined for every other slug, without a difference */
  async find(slug: string): Promise<SignInOrganization | undefined> {
    if (!slugSchema.safeParse(slug).success) return undefined; // no store accepts every string in a condition
    return toSignInOrganization(await this.#options.organizations.findBySlug(slug));
  }

  /**
   * Begins a sign-in.
   * @param returnPath the page of the console to return to
   * @returns the address of the authorization request, and what the browser keeps until the response
   * @throws AppError unavailable if the provider cannot be reached
   */
  async begin(
    { organization, settings }: SignInOrganization,
    returnPath?: string,
  ): Promise<{ readonly url: string; readonly cookie: string }> {
    const { attempts, providers, publicUrl } = this.#options;
    const { authorizationUrl, scopes: supportedScopes } = await providers.read(settings.issuer);
    const { cookie, values } = await attempts.begin(organization.id, settings, returnPath);
    const redirectUri = toSignInRedirectUri(publicUrl, organization.slug);
    const scopes = selectScopes(settings, supportedScopes);
    const request = { authorizationUrl, clientId: settings.clientId, redirectUri, scopes };
    const url = new URL(buildAuthorizationUrl(request, values.state, values.codeVerifier).url);
    url.searchParams.set("nonce", values.nonce);
    return { url: url.href, cookie };
  }

  /**
   * Completes a sign-in.
   * @param slug of the organization whose redirect URI received the response
   * @param cookie what the browser kept; empty without a cookie
   * @param response undefined for what is no authorization response
   * @throws RejectedSignInError, which is recorded; AppError unavailable
   */
  async complete(
    slug: string,
    cookie: string,
    response: AuthorizationResponse | undefined,
    source: RequestSource,
  ): Promise<SignedInUser> {
    try {
      return await this.#complete(slug, cookie, response, source);
    } catch (error) {
      if (error instanceof RejectedSignInError) this.#options.rejections.record({ ...error.report, ...source });
      throw error;
    }
  }

  async #complete(
    slug: string,
    cookie: string,
    response: AuthorizationResponse | undefined,
    source: RequestSource,
  ): Promise<SignedInUser> {
    const { attempts, providers, requestIdToken, addUserInfo, jwks, publicUrl } = this.#options;
    const attempt = await attempts.read(cookie);
    const found = attempt && (await this.find(slug));
    const isBegun =
      found?.organization.id === attempt?.organizationId &&
      found !== undefined &&
      hashSignInSettings(found.settings) === attempt?.settingsHash;
    if (!attempt || !isBegun) throw new RejectedSignInError("sign-in-state", {});
    const { organization, settings } = found;
    const reject = (cause: SignInRejectionCause): RejectedSignInError =>
      new RejectedSignInError(cause, { organizationId: organization.id });
    const { state, nonce, codeVerifier } = toAttemptValues(attempt);
    if (!response || !isSameValue(response.state, state)) throw reject("sign-in-state");
    const metadata = await providers.read(settings.issuer);
    if (response.iss === undefined ? metadata.sendsIssuer : response.iss !== settings.issuer)
      throw reject("sign-in-issuer");
    if (!(await attempts.use(attempt))) throw reject("sign-in-state");
    if (response.code === undefined) throw reject("sign-in-denied");
    const redirectUri = toSignInRedirectUri(publicUrl, slug);
    const { idToken, accessToken } = await requestIdToken(found, metadata, {
      code: response.code,
      codeVerifier,
      redirectUri,
    });
    const expected = { organizationId: organization.id, settings, jwksUri: metadata.jwksUri, nonce };
    const verified = await verifyIdToken(idToken, expected, jwks);
    if ("cause" in verified) throw reject(verified.cause);
    const { userInfoUrl } = metadata;
    const claims = await addUserInfo(verified.claims, settings, { userInfoUrl, accessToken });
    if (!claims) throw reject("sign-in-code");
    const signedIn = await this.#toSignedInUser(organization, settings, claims, source);
    return { ...signedIn, returnPath: attempt.returnPath };
  }

  async #toSignedInUser(
    { id: organizationId }: Organization,
    settings: ConsoleSignInSettings,
    claims: Parameters<typeof findSignedInUser>[0],
    source: RequestSource,
  ): Promise<SignedInUser> {
    const { users, userSessions } = this.#options;
    const user = await findSignedInUser(claims, settings, organizationId, users);
    if (!user) throw new RejectedSignInError("sign-in-user", { organizationId });
    const idTokenGroups = selectRoleClaims(settings, readClaimValues(claims, settings.groupsClaim));
    const scopes = await userSessions.readScopes(organizationId, settings, user, idTokenGroups);
    const caller = toUserCaller(organizationId, user, scopes, source);
    if (scopes.size === 0) throw new RejectedSignInError("sign-in-role", caller);
    const { id: userId, tokenGeneration: userGeneration } = user;
    return {
      caller,
      credential: {
        ...{ userId, settingsHash: hashSignInSettings(settings), idTokenGroups },
        ...(userGeneration !== undefined && { userGeneration }),
      },
    };
  }
}

/**
 * Returns the scopes to request. `email` and `profile` let the provider add the claims that match users. Groups have no
 * standard scope: some providers, such as Okta, send them only if the scope with the name of the claim is requested.
 */
function selectScopes({ groupsClaim }: ConsoleSignInSettings, supported: readonly string[]): readonly string[] {
  const scopes = new Set(["openid", "email", "profile"]);
  if (supported.includes(groupsClaim)) scopes.add(groupsClaim);
  return [...scopes];
}
