import { createHash, timingSafeEqual } from "node:crypto";
import type { Token, TokenFailure } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import type { Store } from "../../store/collection.ts";
import { tokens, users } from "../../store/collections.ts";
import type { Refusal, Refusals } from "../audit/refusals.ts";
import type { Caller, Presentation } from "../caller.ts";
import { defaultOrganization } from "../organizations.ts";
import { Allowlists } from "./allowlist.ts";
import { possibleHashes, type SecretSettings } from "./format.ts";
import type { KnownForms } from "./legacy.ts";
import { expandScopes } from "./scopes.ts";
import type { TokenSignals } from "./signals.ts";
import { statusOf } from "./status.ts";
import type { TokenUsage } from "./usage.ts";

export interface TokenSettings extends SecretSettings {
  /** The on-premises secret: the `all` scope in the default organisation. */
  readonly authSecret?: string;
}

/** Who is told of each presentation of a credential. */
export interface Watchers {
  readonly usage: TokenUsage;
  readonly refusals: Refusals;
  readonly signals: TokenSignals;
}

/**
 * Turns a credential into the caller that it stands for. Every call asks the store, so that what is revoked, disabled
 * or expired is refused on the next request of every replica.
 */
export class TokenVerifier {
  readonly #store: Store;
  readonly #settings: TokenSettings;
  readonly #authSecretDigest: Buffer | undefined;
  readonly #forms: KnownForms;
  readonly #watchers: Watchers;
  readonly #allowlists = new Allowlists();

  constructor(store: Store, settings: TokenSettings, forms: KnownForms, watchers: Watchers) {
    this.#store = store;
    this.#settings = settings;
    this.#authSecretDigest = settings.authSecret === undefined ? undefined : digestOf(settings.authSecret);
    this.#forms = forms;
    this.#watchers = watchers;
  }

  /**
   * @throws AppError invalid-token, alike for every cause; ip-not-allowed for one that is good, but not from there;
   *   unavailable when the store does not answer
   */
  async verify(secret: string, presentation: Presentation): Promise<Caller> {
    if (this.#authSecretDigest && timingSafeEqual(digestOf(secret), this.#authSecretDigest)) {
      return this.#authSecretCaller(presentation);
    }
    if (!this.#forms.mayBeSecret(secret)) throw this.#refuse("malformed", presentation);
    const hashes = possibleHashes(secret, this.#settings.pepper);
    const token = await this.#store.lookup(tokens, "secrets.hash", hashes);
    if (!token) throw this.#refuse("unknown", presentation);
    const cause = await this.#causeAgainst(token, hashes, presentation.ip);
    this.#watchers.usage.note(token, cause, presentation.ip);
    this.#watchers.signals.note(token, cause, presentation);
    if (cause !== undefined) throw this.#refuse(cause, presentation, token);
    const { type, expiresAt, allowedIps, secrets } = token;
    const hash = secrets.find((each) => hashes.includes(each.hash))?.hash ?? "";
    return {
      // Not spread: on Node 20 each property that is added to a copy costs as much as hashing a secret.
      ip: presentation.ip,
      requestId: presentation.requestId,
      organizationId: token.organizationId,
      actor: actorOf(token),
      scopes: expandScopes(token.scopes),
      token: { type, hash, ...(expiresAt !== undefined && { expiresAt }), ...(allowedIps && { allowedIps }) },
      ...(token.userId !== undefined && { userId: token.userId }),
      ...restrictionOf(token),
    };
  }

  async #causeAgainst(token: Token, hashes: readonly string[], ip: string): Promise<TokenFailure | undefined> {
    const now = new Date().toISOString();
    const status = statusOf(token, now);
    if (status !== "active") return status;
    const presented = token.secrets.find((each) => hashes.includes(each.hash));
    if (presented?.notAfter !== undefined && presented.notAfter <= now) return "superseded";
    const tenant = this.#store.for(token.organizationId);
    const parent = token.parentId === undefined ? undefined : await tenant.open(tokens).get(token.parentId);
    if (token.parentId !== undefined && (!parent || statusOf(parent, now) !== "active")) return "parent-inactive";
    if (token.userId !== undefined) {
      const user = await tenant.open(users).get(token.userId);
      if (!user?.active) return "user-inactive";
    }
    // What a token has made can be used from nowhere else than itself.
    const binding = parent ? [token, parent] : [token];
    return binding.every((each) => this.#allowlists.admits(each, ip)) ? undefined : "ip-not-allowed";
  }

  async #authSecretCaller(presentation: Presentation): Promise<Caller> {
    const organization = await defaultOrganization(this.#store);
    if (!organization) throw this.#refuse("unknown", presentation);
    return {
      ...presentation,
      organizationId: organization.id,
      actor: { type: "auth-secret" },
      scopes: expandScopes(["all"]),
    };
  }

  #refuse(cause: Refusal["cause"], presentation: Presentation, token?: Token): AppError {
    this.#watchers.refusals.note({
      ...presentation,
      cause,
      ...(token && { organizationId: token.organizationId, actor: actorOf(token) }),
    });
    return cause === "ip-not-allowed"
      ? new AppError(cause, "The credential cannot be used from this address.")
      : new AppError("invalid-token", "The credential is not valid.");
  }
}

/** Nothing, rather than an empty object, for most tokens: spreading one costs as much as hashing a secret. */
function restrictionOf({ environment, mcpServers }: Token): Pick<Caller, "restriction"> | undefined {
  if (environment === undefined && mcpServers === undefined) return undefined;
  const restriction = { ...(environment !== undefined && { environment }), ...(mcpServers && { mcpServers }) };
  return { restriction };
}

const actorOf = (token: Token): Caller["actor"] => ({ type: "token", id: token.id, name: token.name });

export const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
