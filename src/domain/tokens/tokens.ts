import type { Scope, Token } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import { tokens } from "../../store/collections.ts";
import type { Page, Query } from "../../store/query.ts";
import type { Store, Tenant, Transaction } from "../../store/store.ts";
import type { AuditActor } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { mapConflictToField } from "../conflict.ts";
import { assertVersion, type ExpectedVersion } from "../precondition.ts";
import { toEffectiveTokens } from "./generation.ts";
import type { IdempotentRequest } from "./idempotency/idempotent-requests.ts";
import { type IssuedToken, runOnce } from "./idempotency/run-once.ts";
import { assertCanGrant, lockCallerToken } from "./issue/delegation.ts";
import { hashSecret, mintSecret, visiblePrefix } from "./issue/format.ts";
import { assertNotLastFullAccess, losesLastingFullAccess } from "./issue/last-full-access.ts";
import { buildToken, type NewToken } from "./issue/new-token.ts";
import { rotateSecrets } from "./issue/rotation.ts";
import { insertToken, replaceToken, revokeToken } from "./issue/token-changes.ts";
import { loadTokenRules, type TokenPolicy } from "./issue/token-policy.ts";
import { type TokenUpdate, updateToken } from "./issue/token-update.ts";
import { type ImportedSecret, recordLegacyMarker, restoreLegacyMarker } from "./legacy/legacy.ts";
import { findOutdatedCondition } from "./personal-token-cleanup.ts";
import { type TokenFilter, toTokenCondition } from "./token-filter.ts";

/** Restricts a lookup to the tokens of one user. Without `userId`, every token of the organization matches. */
interface OwnerFilter {
  readonly userId?: string | undefined;
}

/** Creates, reads, updates, rotates and revokes tokens. */
export class Tokens {
  readonly #store: Store;
  readonly #policy: TokenPolicy;

  constructor(store: Store, policy: TokenPolicy) {
    this.#store = store;
    this.#policy = policy;
  }

  /**
   * Creates a token for the operator of the installation, without the limits of a caller.
   * @throws AppError invalid-value naming the field
   */
  create(organizationId: string, auditActor: AuditActor, input: NewToken): Promise<IssuedToken> {
    return this.#store.transaction((tx) => this.createInTransaction(tx, organizationId, auditActor, input));
  }

  /**
   * Creates a token for a caller. The token cannot have more access than the caller's credential.
   * @param idempotent present if the client may send the request again
   * @throws AppError invalid-value naming the field; forbidden naming the field that the caller cannot grant;
   *   idempotency-key-reused; conflict for a repeated request whose secret cannot be returned
   */
  issue(caller: Caller, input: NewToken, idempotent?: IdempotentRequest): Promise<IssuedToken> {
    return runOnce(this.#store, this.#policy, { caller, operation: "create", idempotent }, async (tx, secret) => {
      const callerToken = await lockCallerToken(tx, caller);
      const parentId = callerToken && toParentId(callerToken);
      const boundInput = { ...input, ...(parentId !== undefined && { parentId }) };
      const issued = await this.createInTransaction(
        tx,
        caller.organizationId,
        caller,
        boundInput,
        callerToken?.expiresAt,
        secret,
      );
      assertCanGrant(caller, issued.token);
      return issued;
    });
  }

  /**
   * Imports a token of another system by its secret, so that its clients need no change.
   * @throws AppError invalid-value naming the field; conflict for a secret that is in use already
   */
  import(
    organizationId: string,
    auditActor: AuditActor,
    input: NewToken,
    { hash, ...secretFields }: ImportedSecret,
  ): Promise<Token> {
    return this.#store
      .transaction(async (tx) => {
        const rules = await loadTokenRules(tx, organizationId, this.#policy);
        const draft = await buildToken(tx, organizationId, auditActor, input, rules);
        const token: Token = { ...draft, ...secretFields, secrets: [{ hash }] };
        await insertToken(tx, auditActor, token, "token.import");
        if (token.format) await recordLegacyMarker(tx, token);
        return token;
      })
      .catch(mapConflictToField("secret", "A token with this secret exists already."));
  }

  /**
   * Creates a token inside the caller's transaction.
   * @param maxExpiresAt the expiry of the creating token, if it limits the new one
   * @param secret absent: a random one
   * @throws AppError invalid-value naming the field
   */
  async createInTransaction(
    tx: Transaction,
    organizationId: string,
    auditActor: AuditActor,
    input: NewToken,
    maxExpiresAt?: string,
    secret = mintSecret(this.#policy.prefix),
  ): Promise<IssuedToken> {
    const rules = await loadTokenRules(tx, organizationId, this.#policy);
    const draft = await buildToken(tx, organizationId, auditActor, input, rules, maxExpiresAt);
    const token: Token = { ...draft, prefix: visiblePrefix(secret), secrets: [this.#toStoredSecret(secret)] };
    await insertToken(tx, auditActor, token, "token.create");
    return { token, secret };
  }

  /**
   * Replaces the secret, scopes and expiry of an access token. The previous secret is invalid from then on.
   * @param token as it was read in the same transaction
   * @param renewal the new type, scopes and expiry; the scopes must not exceed the previous ones
   */
  async renewInTransaction(
    tx: Transaction,
    auditActor: AuditActor,
    token: Token,
    renewal: Pick<Token, "type" | "expiresAt"> & { readonly scopes: readonly Scope[] },
  ): Promise<IssuedToken> {
    const { type, scopes, expiresAt } = renewal;
    const secret = mintSecret(this.#policy.prefix);
    const renewed = await replaceToken(tx, auditActor, token, "token.renew", {
      ...token,
      type,
      scopes: [...scopes],
      prefix: visiblePrefix(secret),
      secrets: [this.#toStoredSecret(secret)],
      ...(expiresAt !== undefined && { expiresAt }),
    });
    return { token: renewed, secret };
  }

  /**
   * Returns one token.
   * @throws AppError not-found, the same for a missing token and for a token of another user
   */
  async get(organizationId: string, id: string, owner: OwnerFilter = {}): Promise<Token> {
    return readOwned(this.#store.for(organizationId), id, owner);
  }

  /**
   * Lists tokens, by default in order of creation.
   * @throws AppError query-too-expensive
   */
  async list(
    organizationId: string,
    page: Pick<Query, "limit" | "after" | "sort">,
    filter: TokenFilter = {},
  ): Promise<Page<Token>> {
    const outdated = filter.status && (await findOutdatedCondition(this.#store, organizationId));
    const where = toTokenCondition(filter, { outdated });
    const tenant = this.#store.for(organizationId);
    const { items, ...rest } = await tenant.open(tokens).list({ ...page, ...(where && { where }) });
    return { ...rest, items: await toEffectiveTokens(tenant, items) };
  }

  /** Counts the tokens that match the filter. @throws AppError query-too-expensive */
  async count(organizationId: string, filter: TokenFilter): Promise<number> {
    const outdated = filter.status && (await findOutdatedCondition(this.#store, organizationId));
    return this.#store.for(organizationId).open(tokens).count(toTokenCondition(filter, { outdated }));
  }

  /**
   * Updates the mutable fields of a token. An update without changes writes nothing.
   * @param options.force allows the last token with full access to be disabled, to lose that access, or to get an
   *   expiry or an address list
   * @throws AppError not-found; precondition-failed; invalid-value naming the field; forbidden naming the field that
   *   the caller cannot grant; last-all-token; conflict for a revoked token
   */
  update(
    caller: Caller,
    id: string,
    expected: ExpectedVersion,
    update: TokenUpdate,
    { force = false, ...owner }: OwnerFilter & { readonly force?: boolean } = {},
  ): Promise<Token> {
    return this.#withToken(caller, id, owner, async (tx, token) => {
      assertVersion(token.version, expected);
      const rules = await loadTokenRules(tx, caller.organizationId, this.#policy);
      const { next, isUnchanged, isWidened } = updateToken(token, update, rules);
      if (isUnchanged) return token;
      if (isWidened) {
        assertCanGrant(caller, next);
        await lockCallerToken(tx, caller);
      }
      if (!force && losesLastingFullAccess(token, next)) await assertNotLastFullAccess(tx, token);
      await restoreLegacyMarker(tx, token, next);
      return replaceToken(tx, caller, token, "token.update", next);
    });
  }

  /**
   * Replaces the secret of a token and keeps everything else. A token can rotate itself with its current secret only, so
   * that one of two concurrent rotations wins. A caller that rotates another token must be able to grant its access.
   * @param graceSeconds how long the previous secret stays valid
   * @param options.idempotent present if the client may send the request again
   * @throws AppError not-found; conflict for a secret that was rotated already, and for a revoked or expired token;
   *   forbidden
   */
  rotate(
    caller: Caller,
    id: string,
    graceSeconds: number,
    { idempotent, ...owner }: OwnerFilter & { readonly idempotent?: IdempotentRequest | undefined } = {},
  ): Promise<IssuedToken> {
    const change = { caller, operation: `rotate ${id}`, idempotent, lockKey: id };
    return runOnce(this.#store, this.#policy, change, async (tx, secret) => {
      const token = await readOwned(tx.for(caller.organizationId), id, owner);
      const secrets = rotateSecrets(token, caller, this.#toStoredSecret(secret), graceSeconds);
      if (caller.actor.id !== token.id) await lockCallerToken(tx, caller);
      const { format, ...rest } = token;
      // While the imported secret is valid, lookups must accept its format.
      const legacyFormat = graceSeconds > 0 && format !== undefined ? { format } : {};
      const next: Token = { ...rest, ...legacyFormat, prefix: visiblePrefix(secret), secrets };
      return { token: await replaceToken(tx, caller, token, "token.rotate", next), secret };
    });
  }

  /**
   * Revokes a token permanently. Every replica rejects it from its next request on. Revoking it again changes nothing.
   * @param options.keepLastFullAccess rejects the revocation of the last token with full access
   * @throws AppError not-found; precondition-failed; last-all-token
   */
  revoke(
    organizationId: string,
    auditActor: AuditActor,
    id: string,
    {
      expected,
      keepLastFullAccess = false,
      ...owner
    }: OwnerFilter & { readonly expected?: ExpectedVersion; readonly keepLastFullAccess?: boolean } = {},
  ): Promise<Token> {
    return this.#withToken({ organizationId }, id, owner, async (tx, token) => {
      assertVersion(token.version, expected);
      if (token.revokedAt !== undefined) return token;
      if (keepLastFullAccess) await assertNotLastFullAccess(tx, token);
      return revokeToken(tx, auditActor, token);
    });
  }

  #withToken<R>(
    { organizationId }: Pick<Caller, "organizationId">,
    id: string,
    owner: OwnerFilter,
    body: (tx: Transaction, token: Token) => Promise<R>,
  ): Promise<R> {
    return this.#store.transaction(async (tx) => body(tx, await readOwned(tx.for(organizationId), id, owner)), {
      lockKey: id,
    });
  }

  #toStoredSecret(secret: string): Token["secrets"][number] {
    return { hash: hashSecret(secret, this.#policy.pepper) };
  }
}

/**
 * Returns the parent of the tokens that a token creates. They end with the access token of an exchange or of an OAuth
 * client. Another token passes on what it depends on itself.
 */
const toParentId = ({ id, origin, parentId }: Token): string | undefined => (origin === "issued" ? parentId : id);

/** @throws AppError not-found */
async function readOwned(tenant: Tenant<"read" | "write">, id: string, { userId }: OwnerFilter): Promise<Token> {
  const stored = await tenant.open(tokens).get(id);
  const [token] = stored ? await toEffectiveTokens(tenant, [stored]) : [];
  if (token && (userId === undefined || token.userId === userId)) return token;
  throw new AppError("not-found", "The token was not found.");
}
