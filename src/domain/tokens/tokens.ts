import type { Scope, Token } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import type { Change, Page, Position, Store } from "../../store/collection.ts";
import { organizations, serviceTenant, tokens } from "../../store/collections.ts";
import type { Author } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { takenAs } from "../conflict.ts";
import { assertVersion, type ExpectedVersion } from "../precondition.ts";
import { hashSecret, mintSecret, type SecretSettings, visiblePrefix } from "./format.ts";
import { assertMayGive, presentedToken } from "./giving.ts";
import { assertNotLastAll, opensAll } from "./last-all.ts";
import { type ImportedSecret, markLegacy } from "./legacy.ts";
import { type NewToken, newTokenWithin } from "./new-token.ts";
import { rotatedSecrets } from "./rotation.ts";
import { rulesOf, type TokenRules } from "./terms.ts";
import { insertWithin, replaceWithin, revokeWithin } from "./token-changes.ts";
import { conditionOf, type TokenFilter } from "./token-filter.ts";
import { revisedToken, type TokenRevision } from "./token-revision.ts";

export interface TokenPolicy extends SecretSettings {
  /** The longest life that a token may be given. */
  readonly maxTtlDays?: number;
}

/** The token and its secret, which nobody can show again. */
export interface Issued {
  readonly token: Token;
  readonly secret: string;
}

/** Whose tokens are meant: a user's own, or without a user any of the organisation. */
interface Whose {
  readonly userId?: string | undefined;
}

/** Issues tokens, changes them, and takes them back. */
export class Tokens {
  readonly #store: Store;
  readonly #policy: TokenPolicy;

  constructor(store: Store, policy: TokenPolicy) {
    this.#store = store;
    this.#policy = policy;
  }

  /**
   * Makes a token on behalf of whoever sits at the machine.
   * @throws AppError invalid-value naming the field
   */
  create(organizationId: string, author: Author, wanted: NewToken): Promise<Issued> {
    return this.#store.transaction((change) => this.createWithin(change, organizationId, author, wanted));
  }

  /**
   * Makes a token with the power of another credential, which it cannot exceed.
   * @throws AppError invalid-value naming the field; forbidden naming what the caller cannot give
   */
  issue(caller: Caller, wanted: NewToken): Promise<Issued> {
    return this.#store.transaction(async (change) => {
      const maker = await presentedToken(change, caller);
      // What a token makes that ends with another one ends with that one too.
      const bound = { ...wanted, ...(maker?.parentId !== undefined && { parentId: maker.parentId }) };
      const issued = await this.createWithin(change, caller.organizationId, caller, bound, maker?.expiresAt);
      assertMayGive(caller, issued.token);
      return issued;
    });
  }

  /**
   * Takes over a token that is in use elsewhere: who holds its secret need not change it.
   * @param wanted without scopes it may do everything, as tokens could before there were scopes
   * @throws AppError invalid-value naming the field; conflict for a secret that is known already
   */
  import(
    organizationId: string,
    author: Author,
    { scopes, ...wanted }: Omit<NewToken, "scopes"> & { readonly scopes?: readonly Scope[] },
    { hash, ...known }: ImportedSecret,
  ): Promise<Token> {
    return this.#store
      .transaction(async (change) => {
        const rules = await this.#rulesOf(change, organizationId);
        const terms = { ...wanted, scopes: scopes ?? (["all"] as const) };
        const made = await newTokenWithin(change, organizationId, author, terms, rules);
        const { scopes: _, ...withoutScopes } = made;
        const token: Token = { ...(scopes ? made : withoutScopes), ...known, secrets: [{ hash }] };
        await insertWithin(change, author, token, "token.import");
        if (token.format) await markLegacy(change, token);
        return token;
      })
      .catch(takenAs("secret", "There is a token with this secret already."));
  }

  /**
   * `create` inside a transaction that makes more than the token.
   * @param latest the end of the token that makes it, where that bounds it
   */
  async createWithin(
    change: Change,
    organizationId: string,
    author: Author,
    wanted: NewToken,
    latest?: string,
  ): Promise<Issued> {
    const secret = mintSecret(this.#policy.prefix);
    const rules = await this.#rulesOf(change, organizationId);
    const made = await newTokenWithin(change, organizationId, author, wanted, rules, latest);
    const token: Token = { ...made, prefix: visiblePrefix(secret), secrets: [this.#kept(secret)] };
    await insertWithin(change, author, token, "token.create");
    return { token, secret };
  }

  /**
   * Gives a token that was read in the same transaction a new secret and a new end, in its place: what opened it before
   * opens nothing from then on.
   * @param renewal what it may do from now on, which is no more than before, and until when
   */
  async renewWithin(
    change: Change,
    author: Author,
    token: Token,
    { type, scopes, expiresAt }: Pick<Token, "type" | "expiresAt"> & { readonly scopes: readonly Scope[] },
  ): Promise<Issued> {
    const secret = mintSecret(this.#policy.prefix);
    const renewed = await replaceWithin(change, author, token, "token.renew", {
      ...token,
      type,
      scopes: [...scopes],
      prefix: visiblePrefix(secret),
      secrets: [this.#kept(secret)],
      ...(expiresAt !== undefined && { expiresAt }),
    });
    return { token: renewed, secret };
  }

  /** @throws AppError not-found, alike for what is not there and for another user's */
  async get(organizationId: string, id: string, whose: Whose = {}): Promise<Token> {
    return ofWhose(await this.#store.for(organizationId).open(tokens).get(id), whose);
  }

  /**
   * In order of creation.
   * @throws AppError query-too-expensive
   */
  list(
    organizationId: string,
    page: { readonly limit: number; readonly after?: Position },
    filter: TokenFilter = {},
  ): Promise<Page<Token>> {
    const where = conditionOf(filter);
    return this.#store
      .for(organizationId)
      .open(tokens)
      .list({ ...page, ...(where && { where }) });
  }

  /**
   * Changes what may change of a token. Nothing is written when nothing differs.
   * @param options.force whether the last token that may do everything may be disabled or lose that
   * @throws AppError not-found; precondition-failed; invalid-value naming the field; forbidden naming what the caller
   *   cannot give; last-all-token; conflict for one that is revoked
   */
  update(
    caller: Caller,
    id: string,
    expected: ExpectedVersion,
    revision: TokenRevision,
    { force = false, ...whose }: Whose & { readonly force?: boolean } = {},
  ): Promise<Token> {
    return this.#change(caller, id, whose, async (change, token) => {
      assertVersion(token.version, expected);
      const rules = await this.#rulesOf(change, caller.organizationId);
      const { next, isSame, isWider } = revisedToken(token, revision, rules);
      if (isSame) return token;
      if (isWider) assertMayGive(caller, next);
      if (!force && !(next.enabled && opensAll(next))) await assertNotLastAll(change, token);
      return replaceWithin(change, caller, token, "token.update", next);
    });
  }

  /**
   * Gives a token another secret; everything else of it stays. A token may rotate itself, by its newest secret only: of
   * two rotations at the same time one wins. Who rotates another must be able to give what that can do.
   * @param graceSeconds how long the secret before goes on to work
   * @throws AppError not-found; conflict for one that was rotated already, or is over; forbidden
   */
  rotate(caller: Caller, id: string, graceSeconds: number, whose: Whose = {}): Promise<Issued> {
    return this.#change(caller, id, whose, async (change, token) => {
      const secret = mintSecret(this.#policy.prefix);
      const secrets = rotatedSecrets(token, caller, this.#kept(secret), graceSeconds);
      const { format, ...rest } = token;
      // As long as an old secret works, it has to be looked for.
      const old = graceSeconds > 0 && format !== undefined ? { format } : {};
      const next: Token = { ...rest, ...old, prefix: visiblePrefix(secret), secrets };
      return { token: await replaceWithin(change, caller, token, "token.rotate", next), secret };
    });
  }

  /**
   * Final and immediate: every replica refuses the token on its next request. Revoking again changes nothing.
   * @param options.keepLastAll whether the last token that may do everything is kept
   * @throws AppError not-found; precondition-failed; last-all-token
   */
  revoke(
    organizationId: string,
    author: Author,
    id: string,
    {
      expected,
      keepLastAll = false,
      ...whose
    }: Whose & { readonly expected?: ExpectedVersion; readonly keepLastAll?: boolean } = {},
  ): Promise<Token> {
    return this.#change({ organizationId }, id, whose, async (change, token) => {
      assertVersion(token.version, expected);
      if (token.revokedAt !== undefined) return token;
      if (keepLastAll) await assertNotLastAll(change, token);
      return revokeWithin(change, author, token);
    });
  }

  #change<R>(
    { organizationId }: Pick<Caller, "organizationId">,
    id: string,
    whose: Whose,
    body: (change: Change, token: Token) => Promise<R>,
  ): Promise<R> {
    return this.#store.transaction(
      async (change) => body(change, ofWhose(await change.for(organizationId).open(tokens).get(id), whose)),
      { turn: id },
    );
  }

  async #rulesOf(change: Change, organizationId: string): Promise<TokenRules> {
    const organization = await change.for(serviceTenant).open(organizations).get(organizationId);
    return rulesOf(organization, this.#policy.maxTtlDays);
  }

  #kept(secret: string): Token["secrets"][number] {
    return { hash: hashSecret(secret, this.#policy.pepper) };
  }
}

function ofWhose(token: Token | undefined, { userId }: Whose): Token {
  if (token && (userId === undefined || token.userId === userId)) return token;
  throw new AppError("not-found", "There is no such token.");
}
