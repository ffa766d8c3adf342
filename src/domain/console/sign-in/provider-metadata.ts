import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { LruCache } from "../../../store/cache/lru-cache.ts";
import { type AddressGuard, RejectedAddressError } from "../../outbound/address-guard.ts";
import { fetchJson } from "../../outbound/fetch-json.ts";
import type { GuardedHttp } from "../../outbound/guarded-http.ts";

const endpoint = z.string().max(2000).refine(URL.canParse);

/** The fields of a configuration document (OpenID Connect Discovery 1.0 section 3, RFC 9207 section 3) that are used. */
const document = z.object({
  issuer: z.string(),
  authorization_endpoint: endpoint,
  token_endpoint: endpoint,
  jwks_uri: endpoint,
  userinfo_endpoint: endpoint.optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
  scopes_supported: z.array(z.string()).optional(),
});

/** What an OpenID Provider states about itself. */
export interface ProviderMetadata {
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly jwksUri: string;
  readonly userInfoUrl?: string;
  readonly clientAuthentication: "basic" | "post";
  /** Whether every authorization response has the parameter `iss`. */
  readonly sendsIssuer: boolean;
  /** The scopes that the provider lists; it may support others. */
  readonly scopes: readonly string[];
}

/** How long a document is used without another fetch, in milliseconds. */
const cacheMaxAgeMs = 600_000;
const documentsMax = 1000;

interface CachedDocument {
  readonly metadata: Promise<ProviderMetadata>;
  readonly readAt: number;
}

/** Reads the configuration documents of the OpenID Providers that organizations have set. */
export class OpenIdProviders {
  readonly #http: Pick<GuardedHttp, "send">;
  readonly #guard: AddressGuard;
  readonly #now: () => number;
  /** By issuer. */
  readonly #documents = new LruCache<string, CachedDocument>(documentsMax);

  /** @param now a monotonic clock in milliseconds */
  constructor(http: Pick<GuardedHttp, "send">, guard: AddressGuard, now: () => number = () => performance.now()) {
    this.#http = http;
    this.#guard = guard;
    this.#now = now;
  }

  /**
   * Returns what the provider of an organization states, from memory for ten minutes.
   * @throws AppError unavailable, with the same message for every cause
   */
  read(issuer: string): Promise<ProviderMetadata> {
    const cached = this.#documents.get(issuer);
    if (cached && this.#now() - cached.readAt < cacheMaxAgeMs) return cached.metadata;
    const metadata = this.discover(issuer).catch((cause: unknown) => {
      this.#documents.delete(issuer);
      const detail = "The identity provider cannot be reached at the moment. Try again later.";
      throw new AppError("unavailable", detail, { retryAfterSeconds: 30 }, cause);
    });
    this.#documents.set(issuer, { metadata, readAt: this.#now() });
    return metadata;
  }

  /**
   * Fetches and checks the document of an issuer that an administrator sets.
   * @throws AppError invalid-value naming `consoleSignIn.issuer`
   */
  async discover(issuer: string): Promise<ProviderMetadata> {
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    this.#assertUrl(issuer, "is not allowed");
    const { success, data } = document.safeParse(
      await fetchJson(this.#http, url).catch((cause: unknown) => {
        const problem =
          cause instanceof RejectedAddressError ? "is not allowed" : "has no document that can be read at";
        throw invalidIssuer(
          cause instanceof RejectedAddressError ? `${problem}: ${cause.message}` : `${problem} ${url}`,
        );
      }),
    );
    if (!success) throw invalidIssuer(`has no OpenID Provider configuration at ${url}: a required field is missing`);
    // Another issuer could otherwise take the place of this one (OpenID Connect Discovery 1.0 section 4.3).
    if (data.issuer !== issuer)
      throw invalidIssuer("differs from the issuer in the provider's own document, perhaps by a slash at the end");
    const { userinfo_endpoint: userInfoUrl } = data;
    for (const each of [data.authorization_endpoint, data.token_endpoint, data.jwks_uri, userInfoUrl ?? issuer])
      this.#assertUrl(each, "has an endpoint that is not allowed");
    const methods = data.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    return {
      authorizationUrl: data.authorization_endpoint,
      tokenUrl: data.token_endpoint,
      jwksUri: data.jwks_uri,
      ...(userInfoUrl !== undefined && { userInfoUrl }),
      clientAuthentication:
        methods.includes("client_secret_post") && !methods.includes("client_secret_basic") ? "post" : "basic",
      sendsIssuer: data.authorization_response_iss_parameter_supported ?? false,
      scopes: data.scopes_supported ?? [],
    };
  }

  #assertUrl(url: string, problem: string): void {
    try {
      this.#guard.assertUrl(new URL(url));
    } catch (cause) {
      if (cause instanceof RejectedAddressError) throw invalidIssuer(`${problem}: ${cause.message}`);
      throw cause;
    }
  }
}

const invalidIssuer = (problem: string): AppError =>
  new AppError(
    "invalid-value",
    `consoleSignIn.issuer ${problem}. Use the https URL of the issuer, or have the operator allow its address with UPSTREAM_ALLOW.`,
    { field: "consoleSignIn.issuer" },
  );
