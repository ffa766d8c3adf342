import { AppError } from "../../errors.ts";
import { type AddressGuard, RejectedAddressError } from "./address-guard.ts";

/**
 * Requires that the service may send requests to a URL that a client sets.
 * @param field the pointer of the field in the body, without the first slash
 * @throws AppError invalid-value naming the field
 */
export function assertAllowedUrl(guard: AddressGuard, url: string, field: string): void {
  try {
    guard.assertUrl(new URL(url));
  } catch (error) {
    if (!(error instanceof RejectedAddressError)) throw error;
    const detail = `${field.replace("/", ".")} is not allowed: ${error.message}. Use an https URL at a public address, or have the operator allow the address with UPSTREAM_ALLOW.`;
    throw new AppError("invalid-value", detail, { field });
  }
}
