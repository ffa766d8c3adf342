import type { Config } from "./config.ts";
import { CascadeDeletes } from "./domain/cleanup/cascade-deletes.ts";
import { CredentialCipher } from "./domain/credentials/credential-cipher.ts";
import { type RotationReport, rotateCredentials } from "./domain/credentials/credential-rotation.ts";
import { OrganizationLifecycle } from "./domain/organization-lifecycle.ts";
import { bootstrapStore, type FirstStart, isStoreEmpty, Organizations } from "./domain/organizations.ts";
import type { TokenPolicy } from "./domain/tokens/issue/token-policy.ts";
import { Tokens } from "./domain/tokens/tokens.ts";
import type { Store } from "./store/store.ts";

/** The part of the domain that the CLI and the service share. */
export interface OperatorDomain {
  readonly store: Store;
  readonly tokens: Tokens;
  readonly organizations: Organizations;
  readonly organizationLifecycle: OrganizationLifecycle;
  rotateCredentials(): Promise<RotationReport>;
  /** Whether the store has no organizations yet. @throws AppError unavailable */
  isEmpty(): Promise<boolean>;
  /**
   * Creates the default organization and a token on an empty store. With AUTH_SECRET, no token is created.
   * @returns undefined on a store that is not empty
   * @throws AppError unavailable
   */
  bootstrap(): Promise<FirstStart | undefined>;
}

/** Creates the part of the domain that the CLI and the service share. */
export function createDomain(store: Store, config: Config): OperatorDomain {
  const tokens = new Tokens(store, toTokenPolicy(config));
  return {
    store,
    organizations: new Organizations(store),
    organizationLifecycle: new OrganizationLifecycle(store, new CascadeDeletes(store)),
    tokens,
    rotateCredentials: () => rotateCredentials(store, new CredentialCipher(config.credentialKeys)),
    isEmpty: () => isStoreEmpty(store),
    bootstrap: () => bootstrapStore(store, tokens, { hasToken: config.authSecret === undefined }),
  };
}

/** Returns the settings with which tokens are issued. */
export const toTokenPolicy = ({ tokenPrefix, tokenPepper, tokenMaxTtlDays }: Config): TokenPolicy => ({
  prefix: tokenPrefix,
  ...(tokenPepper !== undefined && { pepper: tokenPepper }),
  ...(tokenMaxTtlDays !== undefined && { maxTtlDays: tokenMaxTtlDays }),
});
