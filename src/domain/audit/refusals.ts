import type { Actor } from "../../../schemas/audit-event.ts";
import type { TokenFailure } from "../../../schemas/token.ts";
import type { Store } from "../../store/collection.ts";
import { auditEvents, serviceTenant } from "../../store/collections.ts";
import type { Gathering } from "../background.ts";
import { auditEventOf } from "./record.ts";

/** Why a credential is refused that is one of ours, or looks like one. */
type CredentialCause = "unknown" | "malformed" | TokenFailure;

/** Why an outside JWT, or a refresh token, is refused: src/domain/tokens/exchange.ts */
export type ExchangeCause =
  | ("jwt-malformed" | "jwt-algorithm" | "jwt-type" | "jwt-key" | "jwt-signature")
  | ("jwt-issuer" | "jwt-audience" | "jwt-expired" | "jwt-not-yet-valid" | "jwt-claims")
  | "jwt-user"
  | ("refresh-unknown" | "refresh-foreign" | "refresh-reused" | "refresh-expired" | "refresh-closed");

/** A refused authentication. The cause is for the organisation's audit log; the caller is never told. */
export interface Refusal {
  /** Absent when the credential belongs to nobody. */
  readonly organizationId?: string;
  readonly actor?: Actor;
  readonly cause: CredentialCause | ExchangeCause;
  readonly ip: string;
  readonly requestId: string;
}

/**
 * Different refusals of one organisation that are told apart between two flushes; what comes beyond is counted in one.
 * Of each organisation by itself, so that no stranger's guesses hide the use of a revoked token.
 */
const kindsMax = 200;

type Kinds = Map<string, { readonly refusal: Refusal; count: number }>;

/**
 * Refused authentications, as audit events. Alike ones between two flushes become one event with a count, so that
 * nobody can fill the audit log by guessing.
 */
export class Refusals implements Gathering {
  readonly #store: Store;
  #gathered = new Map<string, Kinds>();

  constructor(store: Store) {
    this.#store = store;
  }

  note(refusal: Refusal): void {
    this.#add(refusal, 1);
  }

  async flush(): Promise<void> {
    const gathered = [...this.#gathered];
    this.#gathered = new Map();
    for (const [at, [organizationId, kinds]] of gathered.entries()) {
      try {
        await this.#write(organizationId, kinds);
      } catch (error) {
        for (const [, left] of gathered.slice(at)) {
          for (const { refusal, count } of left.values()) this.#add(refusal, count);
        }
        throw error;
      }
    }
  }

  #add(refusal: Refusal, count: number): void {
    const { organizationId = serviceTenant, actor, cause, ip } = refusal;
    const kinds: Kinds = this.#gathered.get(organizationId) ?? new Map();
    this.#gathered.set(organizationId, kinds);
    const kind = JSON.stringify([actor?.id, cause, ip]);
    const beyond = !kinds.has(kind) && kinds.size >= kindsMax;
    const key = beyond ? "beyond" : kind;
    const known = kinds.get(key);
    if (known) known.count += count;
    else
      kinds.set(key, { refusal: beyond ? { organizationId, cause, ip: "many", requestId: "many" } : refusal, count });
  }

  async #write(organizationId: string, kinds: Kinds): Promise<void> {
    await this.#store.transaction(async (change) => {
      for (const { refusal, count } of kinds.values()) {
        const { actor = { type: "token" }, cause, ip, requestId } = refusal;
        const event = { action: actionOf(cause), details: { cause, count } };
        await change
          .for(organizationId)
          .open(auditEvents)
          .insert(auditEventOf(organizationId, { actor, ip, requestId }, "refused", event));
      }
    });
  }
}

/** A secret from before a rotation is in the hands of somebody who should not have it, or was forgotten somewhere. */
const actionOf = (cause: Refusal["cause"]): string =>
  cause === "superseded" ? "token.superseded_secret_used" : "authentication.refused";
