import { lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { IpRangeSet } from "../ip-range.ts";
import { isPublicAddress } from "./public-address.ts";

/** Resolves a host name to all of its addresses, in the form of `lookup` of `node:dns`. A test passes its own. */
export type Resolver = (
  host: string,
  options: { readonly all: true; readonly hints?: number | undefined },
  callback: (error: NodeJS.ErrnoException | null, addresses: readonly ResolvedAddress[]) => void,
) => void;

interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export interface AddressPolicy {
  /** Addresses and CIDR ranges that are allowed although they are not public; plain HTTP is allowed there as well. */
  readonly allowedRanges: readonly string[];
  /** Allows every address, and plain HTTP everywhere. */
  readonly allowsAll?: boolean;
  readonly resolve?: Resolver;
}

/** The policy rejected a URL or an address. The message is written for whoever configured the URL. */
export class RejectedAddressError extends Error {
  override readonly name = "RejectedAddressError";
}

/**
 * Protects requests to URLs that customers configure against server-side request forgery (SSRF): they reach public
 * addresses over HTTPS only, and the ranges that the operator allows.
 */
export class AddressGuard {
  readonly #allowedRanges: IpRangeSet;
  readonly #hasAllowedRanges: boolean;
  readonly #allowsAll: boolean;
  readonly #resolve: Resolver;

  constructor({ allowedRanges, allowsAll = false, resolve = lookup as Resolver }: AddressPolicy) {
    this.#allowedRanges = new IpRangeSet(allowedRanges);
    this.#hasAllowedRanges = allowedRanges.length > 0;
    this.#allowsAll = allowsAll;
    this.#resolve = resolve;
  }

  /**
   * Checks what a URL states by itself: the protocol, an address literal, and `localhost`. The addresses of other host
   * names are checked when they are connected to, because they can change.
   * @throws RejectedAddressError
   */
  assertUrl(url: URL): void {
    if (this.#allowsAll && /^https?:$/.test(url.protocol)) return;
    const isPlain = url.protocol === "http:";
    if (!isPlain && url.protocol !== "https:")
      throw new RejectedAddressError(`the protocol ${url.protocol} is not allowed`);
    const address = toAddressLiteral(url.hostname);
    if (address !== undefined) this.#assertAddress(address, isPlain);
    else if (isPlain && !this.#hasAllowedRanges) throw new RejectedAddressError("the protocol http: is not allowed");
  }

  /**
   * Returns the lookup for the socket of a request to a URL that `assertUrl` accepted. The socket connects to the
   * addresses that this lookup has checked, so that a changed DNS response has no effect (DNS rebinding). One rejected
   * address rejects the host.
   */
  lookupFor({ protocol }: URL): LookupFunction {
    const isPlain = protocol === "http:";
    return (host, options, callback) => {
      this.#resolve(host, { all: true, hints: options.hints }, (error, addresses) => {
        const [first] = addresses ?? [];
        if (error || !first) return callback(error ?? new Error("the host has no address"), "");
        try {
          for (const { address } of addresses) this.#assertAddress(address, isPlain);
        } catch (cause) {
          return callback(cause as Error, "");
        }
        if (options.all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      });
    };
  }

  #assertAddress(address: string, isPlain: boolean): void {
    if (this.#allowsAll || this.#allowedRanges.has(address)) return;
    if (isPlain) throw new RejectedAddressError("the protocol http: is not allowed");
    if (!isPublicAddress(address)) throw new RejectedAddressError(`${address} is not a public address`);
  }
}

/** @returns the address if the host of a URL is one, or is a name of this machine; undefined for other names */
function toAddressLiteral(hostname: string): string | undefined {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) !== 0) return host;
  return /(^|\.)localhost\.?$/i.test(host) ? "127.0.0.1" : undefined;
}
