import { AddressGuard } from "../../../src/domain/outbound/address-guard.ts";
import { GuardedHttp } from "../../../src/domain/outbound/guarded-http.ts";

/** Opens a client for URLs of customers. @param options.allowsAll allows private addresses and plain HTTP */
export function openGuardedHttp({ allowsAll }: { readonly allowsAll: boolean }): GuardedHttp {
  return new GuardedHttp(new AddressGuard({ allowedRanges: [], allowsAll }), { keepAlive: false });
}
