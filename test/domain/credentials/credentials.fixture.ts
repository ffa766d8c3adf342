import { CredentialCipher } from "../../../src/domain/credentials/credential-cipher.ts";
import { UpstreamCredentials } from "../../../src/domain/credentials/upstream-credentials.ts";
import { ConnectionTokens } from "../../../src/domain/oauth/connection-tokens.ts";
import { TokenEndpoint } from "../../../src/domain/oauth/token-endpoint.ts";
import { AddressGuard } from "../../../src/domain/outbound/address-guard.ts";
import { GuardedHttp } from "../../../src/domain/outbound/guarded-http.ts";
import { createLog } from "../../../src/log.ts";
import type { Store } from "../../../src/store/store.ts";

const publicUrl = "https://gatehouse.example";

/** Creates the credentials as a service with these keys has them. It reaches 127.0.0.1. */
export function createCredentials(store: Store, keys: readonly Buffer[], now?: () => number): UpstreamCredentials {
  const cipher = new CredentialCipher(keys);
  const http = new GuardedHttp(new AddressGuard({ allowedRanges: ["127.0.0.1"] }), { keepAlive: false });
  const tokens = new ConnectionTokens({
    ...{ store, cipher, endpoint: new TokenEndpoint(http, now), log: createLog("error"), publicUrl },
    ...(now && { now }),
  });
  return new UpstreamCredentials({ store, cipher, isOwnCredential: () => false, tokens, publicUrl });
}
