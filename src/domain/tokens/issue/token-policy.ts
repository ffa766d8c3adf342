import type { Organization } from "../../../../schemas/organization.ts";
import type { TokenType } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import { organizations, serviceTenant } from "../../../store/collections.ts";
import type { Transaction } from "../../../store/store.ts";
import type { SecretSettings } from "./format.ts";

/** The installation's settings for tokens. */
export interface TokenPolicy extends SecretSettings {
  /** The longest lifetime of a token, in days. */
  readonly maxTtlDays?: number;
}

/** The limits of every token of an organization: the stricter of the installation's and the organization's policy. */
export interface TokenRules {
  readonly maxTtlDays?: number;
  readonly defaultTtlDays?: number;
  readonly allowedTypes?: readonly TokenType[];
}

/**
 * Reads the rules for the tokens of an organization.
 * @throws AppError not-found without an organization; forbidden while it is disabled
 */
export async function loadTokenRules(
  tx: Transaction,
  organizationId: string,
  { maxTtlDays }: TokenPolicy,
): Promise<TokenRules> {
  const organization = await tx.for(serviceTenant).open(organizations).get(organizationId);
  if (!organization) throw new AppError("not-found", "The organization was not found.");
  if (organization.disabledAt !== undefined)
    throw new AppError("forbidden", "The organization is disabled. Enable it before you create or change its tokens.");
  return toTokenRules(organization, maxTtlDays);
}

/**
 * Combines the policies of the installation and the organization.
 * @param maxTtlDays the longest lifetime that the installation allows, in days
 */
function toTokenRules({ tokenPolicy }: Organization, maxTtlDays: number | undefined): TokenRules {
  const { maxTtlDays: organizationMaxTtlDays, defaultTtlDays, allowedTypes } = tokenPolicy ?? {};
  const effectiveMaxTtlDays = Math.min(maxTtlDays ?? Infinity, organizationMaxTtlDays ?? Infinity);
  return {
    ...(effectiveMaxTtlDays < Infinity && { maxTtlDays: effectiveMaxTtlDays }),
    ...(defaultTtlDays !== undefined && { defaultTtlDays: Math.min(defaultTtlDays, effectiveMaxTtlDays) }),
    ...(allowedTypes && { allowedTypes }),
  };
}

/**
 * Rejects a policy whose default lifetime no token could have.
 * @param maxTtlDays the longest lifetime that the installation allows, in days
 * @throws AppError invalid-value that names both settings
 */
export function assertDefaultTtl(policy: Organization["tokenPolicy"], maxTtlDays: number | undefined): void {
  const { defaultTtlDays } = policy ?? {};
  const maximums = [
    ["tokenPolicy.maxTtlDays", policy?.maxTtlDays],
    ["TOKEN_MAX_TTL_DAYS of the installation", maxTtlDays],
  ] as const;
  for (const [name, days] of maximums) {
    if (defaultTtlDays === undefined || days === undefined || defaultTtlDays <= days) continue;
    const field = "tokenPolicy.defaultTtlDays";
    const detail = `${field} (${defaultTtlDays}) must not be greater than ${name} (${days}).`;
    throw new AppError("invalid-value", detail, { field });
  }
}
