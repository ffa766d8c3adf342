import type { Log } from "../../../log.ts";
import { requestTokenEndpoint, TokenRequestError } from "../../oauth/token-request.ts";
import type { GuardedHttp } from "../../outbound/guarded-http.ts";
import type { ProviderMetadata } from "./provider-metadata.ts";
import { RejectedSignInError } from "./rejected-sign-in.ts";
import type { SignInClientSecrets } from "./sign-in-client-secret.ts";
import type { SignInOrganization } from "./user-sessions.ts";

/** The tokens of a token response that are used. */
export interface IdTokenResponse {
  readonly idToken: string;
  /** Grants access to the UserInfo endpoint. */
  readonly accessToken: string | undefined;
}

/**
 * Exchanges an authorization code for an ID token.
 * @throws RejectedSignInError sign-in-client; sign-in-code
 */
export type IdTokenRequest = (
  organization: SignInOrganization,
  metadata: ProviderMetadata,
  grant: Readonly<Record<"code" | "codeVerifier" | "redirectUri", string>>,
) => Promise<IdTokenResponse>;

/** Creates the function that requests ID tokens. @param log receives why a request failed, without the code */
export function createIdTokenRequest(
  http: Pick<GuardedHttp, "send">,
  secrets: SignInClientSecrets,
  log: Log,
): IdTokenRequest {
  return async (
    { organization, settings },
    { tokenUrl, clientAuthentication },
    { code, codeVerifier, redirectUri },
  ) => {
    const organizationId = organization.id;
    const secret = await secrets.read(organization, settings.issuer);
    const client = {
      ...{ clientId: settings.clientId, authentication: clientAuthentication },
      ...(secret !== undefined && { secret }),
    };
    const form = {
      ...{ grant_type: "authorization_code", code },
      ...{ redirect_uri: redirectUri, code_verifier: codeVerifier },
    };
    const reject = (cause: "sign-in-client" | "sign-in-code", problem: string): RejectedSignInError => {
      log.warn("the sign-in through an identity provider failed", { organizationId, problem });
      return new RejectedSignInError(cause, { organizationId });
    };
    const { status, body } = await requestTokenEndpoint(http, client, tokenUrl, form).catch((error: unknown) => {
      throw error instanceof TokenRequestError ? reject("sign-in-code", error.message) : error;
    });
    const { error, id_token: idToken, access_token: accessToken } = (body ?? {}) as Readonly<Record<string, unknown>>;
    const isClientRejected = error === "invalid_client" || error === "unauthorized_client";
    if (isClientRejected) throw reject("sign-in-client", `the token endpoint responded with ${error}`);
    if (status !== 200) throw reject("sign-in-code", `the token endpoint responded with the status ${status}`);
    if (typeof idToken !== "string") throw reject("sign-in-code", "the token endpoint returned no ID token");
    // A visible ASCII string, which fits into a header.
    const isUsable = typeof accessToken === "string" && /^[\x21-\x7e]{1,8192}$/.test(accessToken);
    return { idToken, accessToken: isUsable ? accessToken : undefined };
  };
}
