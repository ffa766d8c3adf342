import type { Actor } from "../../../schemas/audit-event.ts";
import type { RefreshTokenFamily } from "../../../schemas/auth-exchange.ts";
import type { Token } from "../../../schemas/token.ts";
import { labelIndex } from "../label-terms.ts";
import type { Entity } from "../record.ts";
import type { CollectionDefinition } from "../store.ts";

/** The path of the search terms of labels. */
export const tokenLabelsPath = "labelTerms";

export const tokens: CollectionDefinition<Token> = {
  name: "tokens",
  indexes: [
    { path: "secrets", element: "hash", unique: "global" },
    { path: "userId" },
    { path: "origin" },
    { path: "type" },
    { path: "parentId" },
    labelIndex(tokenLabelsPath),
    { path: "normalizedName" },
    { path: "prefix" },
  ],
};

export const exchanges: CollectionDefinition<RefreshTokenFamily> = {
  name: "exchanges",
  indexes: [{ path: "familyHash", unique: "global" }, { path: "userId" }],
};

/** A request with an `Idempotency-Key` that has succeeded, for the next day. It contains no part of a secret. */
export interface IdempotencyRecord extends Entity {
  /** SHA-256 of the key, the caller and the operation. */
  readonly keyHash: string;
  readonly bodyHash: string;
  /** With the credential of the caller and the key, which are not stored, it yields the secret of the token. */
  readonly salt: string;
  readonly tokenId: string;
}

export const idempotencyKeys: CollectionDefinition<IdempotencyRecord> = {
  name: "idempotency_keys",
  indexes: [{ path: "keyHash", unique: "organization" }],
};

/** A deactivated or removed user with personal tokens whose records are still to be revoked or removed. */
export interface PersonalTokenEnd extends Entity {
  /** The organization of the user; the record itself is stored in the service's own tenant. */
  readonly targetOrganizationId: string;
  readonly userId: string;
  /** The actor of the audit events of the tokens. */
  readonly requestedBy: { readonly actor: Actor; readonly requestId?: string; readonly ip?: string };
}

export const personalTokenEnds: CollectionDefinition<PersonalTokenEnd> = {
  name: "personal_token_ends",
  indexes: [{ path: "targetOrganizationId" }],
};

/** An imported token with secrets that have no checksum, so that a string in an unknown format must be looked up. */
export interface LegacyTokenMarker extends Entity {
  /** The organization of the token; the marker itself is stored in the service's own tenant. */
  readonly targetOrganizationId: string;
  readonly tokenId: string;
}

export const legacyTokenMarkers: CollectionDefinition<LegacyTokenMarker> = { name: "legacy_marks", indexes: [] };
