import { AddressGuard } from "../domain/outbound/address-guard.ts";
import { readCertificateAuthorities } from "../domain/outbound/certificate-authorities.ts";
import { GuardedHttp } from "../domain/outbound/guarded-http.ts";
import { JwksCache } from "../domain/tokens/exchange/jwks.ts";
import type { AppContext } from "./context.ts";

/** The clients for requests to URLs that customers configure. */
export interface Outbound {
  /** Decides about the addresses of all of them except `jwks`. */
  readonly guard: AddressGuard;
  /** For authorization servers and OpenID Providers. */
  readonly oauthHttp: GuardedHttp;
  readonly upstreamHttp: GuardedHttp;
  readonly webhookHttp: GuardedHttp;
  /** The keys of identity providers whose tokens are exchanged. */
  readonly jwks: JwksCache;
}

/** Creates the clients. */
export function createOutbound({ config, traces }: Pick<AppContext, "config" | "traces">): Outbound {
  const guard = new AddressGuard({ allowedRanges: config.upstreamAllow });
  const ca = config.upstreamCaFile === undefined ? undefined : readCertificateAuthorities(config.upstreamCaFile);
  const jwksGuard = new AddressGuard({ allowedRanges: [], allowsAll: config.jwksAllowPrivate });
  return {
    guard,
    oauthHttp: new GuardedHttp(guard, { keepAlive: false, ca, trace: traces?.outboundWithoutHeader }),
    upstreamHttp: new GuardedHttp(guard, { keepAlive: true, ca, trace: traces?.outbound }),
    webhookHttp: new GuardedHttp(guard, { keepAlive: true, ca, trace: traces?.outbound }),
    jwks: new JwksCache(new GuardedHttp(jwksGuard, { keepAlive: false })),
  };
}
