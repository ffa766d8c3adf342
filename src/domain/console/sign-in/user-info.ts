import type { JWTPayload } from "jose";
import type { ConsoleSignInSettings } from "../../../../schemas/console-sign-in.ts";
import type { Log } from "../../../log.ts";
import { fetchJson } from "../../outbound/fetch-json.ts";
import type { GuardedHttp } from "../../outbound/guarded-http.ts";
import { isMcpObject } from "../../upstream/upstream-calls.ts";

/** Adds claims that an ID token does not have. @returns undefined if they cannot be read, or belong to another account */
export type UserInfoRequest = (
  claims: JWTPayload,
  settings: ConsoleSignInSettings,
  access: { readonly userInfoUrl?: string | undefined; readonly accessToken?: string | undefined },
) => Promise<JWTPayload | undefined>;

/**
 * Creates the function that reads claims from the UserInfo endpoint (OpenID Connect Core 1.0 section 5.3). Providers may
 * leave the claims of the scopes `email` and `profile` out of an ID token that comes with an access token (section 5.4).
 * Claims of the ID token, which are signed, take precedence.
 */
export function createUserInfoRequest(http: Pick<GuardedHttp, "send">, log: Log): UserInfoRequest {
  return async (claims, { matchUsersBy, externalIdClaim, groupsClaim }, { userInfoUrl, accessToken }) => {
    const needed = [...(matchUsersBy === "email" ? ["email", "email_verified"] : [externalIdClaim]), groupsClaim];
    const isComplete = needed.every((name) => Object.hasOwn(claims, name));
    if (isComplete || userInfoUrl === undefined || accessToken === undefined) return claims;
    const headers = { authorization: `Bearer ${accessToken}` };
    const document = await fetchJson(http, userInfoUrl, headers).catch((error: unknown) => {
      log.warn("the UserInfo endpoint of an identity provider failed", { reason: String(error) });
      return undefined;
    });
    // The response is not signed, so that only its `sub` binds it to the ID token (section 5.3.2).
    if (!isMcpObject(document) || (document as JWTPayload).sub !== claims.sub) return undefined;
    return { ...document, ...claims };
  };
}
