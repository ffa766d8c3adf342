import type { Log } from "../../../log.ts";
import type { Store } from "../../../store/store.ts";
import type { RejectedCredentials } from "../../audit/rejections.ts";
import { SigningKey } from "../../connections/signing-key.ts";
import type { CredentialCipher } from "../../credentials/credential-cipher.ts";
import type { Users } from "../../directory/users.ts";
import type { Organizations } from "../../organizations.ts";
import type { GuardedHttp } from "../../outbound/guarded-http.ts";
import { JwksCache } from "../../tokens/exchange/jwks.ts";
import { createIdTokenRequest } from "./id-token-request.ts";
import type { OpenIdProviders } from "./provider-metadata.ts";
import { SignInAttempts } from "./sign-in-attempts.ts";
import { SignInClientSecrets } from "./sign-in-client-secret.ts";
import { createUserInfoRequest } from "./user-info.ts";
import { UserSessions } from "./user-sessions.ts";
import { UserSignIns } from "./user-sign-ins.ts";

export interface ConsoleSignInOptions {
  readonly store: Store;
  /** Their settings of the sign-in were checked with the same providers. */
  readonly organizations: Organizations;
  readonly users: Users;
  readonly cipher: CredentialCipher;
  readonly isOwnCredential: (value: string) => boolean;
  /** Sends the requests to OpenID Providers, to addresses that its guard allows. */
  readonly http: Pick<GuardedHttp, "send">;
  readonly providers: OpenIdProviders;
  readonly rejections: RejectedCredentials;
  readonly log: Log;
  readonly publicUrl: string;
  /** In milliseconds since 1970. */
  readonly now: () => number;
}

/** The services of the sign-in through OpenID Providers. */
export interface ConsoleSignIn {
  readonly signInSecrets: SignInClientSecrets;
  readonly userSessions: UserSessions;
  readonly userSignIns: UserSignIns;
}

/** Creates the services of the sign-in. */
export function createConsoleSignIn(options: ConsoleSignInOptions): ConsoleSignIn {
  const { store, organizations, users, cipher, isOwnCredential, http, providers } = options;
  const { rejections, log, publicUrl, now } = options;
  const signInSecrets = new SignInClientSecrets(store, cipher, isOwnCredential);
  const userSessions = new UserSessions(store);
  const userSignIns = new UserSignIns({
    ...{ organizations, users, userSessions, providers, rejections, publicUrl },
    attempts: new SignInAttempts(store, new SigningKey(store, keyPurpose), now),
    jwks: new JwksCache(http),
    requestIdToken: createIdTokenRequest(http, signInSecrets, log),
    addUserInfo: createUserInfoRequest(http, log),
  });
  return { signInSecrets, userSessions, userSignIns };
}

/** The purpose of the key that signs the cookies of sign-ins. */
const keyPurpose = "console-sign-in";
