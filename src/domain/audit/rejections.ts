import type { AuditAction } from "../../../schemas/audit-action.ts";
import type { Actor } from "../../../schemas/audit-event.ts";
import type { TokenFailure } from "../../../schemas/token.ts";
import type { Log } from "../../log.ts";
import { serviceTenant } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import { type Buffered, BufferedWriter, type BufferState } from "../buffered-writer.ts";
import { Quota, type RateLimit } from "../rate-limit/quota.ts";
import { findSoleOrganization } from "../sole-organization.ts";
import { insertAuditEvent, toAuditEvent } from "./record.ts";

/** Why a request has no credential that could be verified: src/http/auth/credentials.ts */
export type UnusableCredentialCause =
  | "missing"
  | "no-scheme"
  | "other-scheme"
  | "malformed"
  | "ambiguous"
  | "in-url-or-body";

/** Why a token, or a string in place of a token, is rejected. `client-mismatch`: a client id that is not the token's. */
export type CredentialRejectionCause = "unknown" | "client-mismatch" | UnusableCredentialCause | TokenFailure;

/** Why a subject token (an external JWT) or a refresh token is rejected: src/domain/tokens/exchange/exchange.ts */
export type ExchangeRejectionCause =
  | ("jwt-malformed" | "jwt-algorithm" | "jwt-type" | "jwt-key" | "jwt-signature")
  | ("jwt-issuer" | "jwt-audience" | "jwt-expired" | "jwt-not-yet-valid" | "jwt-claims")
  | "jwt-user"
  | ("refresh-unknown" | "refresh-foreign" | "refresh-reused" | "refresh-expired" | "refresh-closed");

/** Why a sign-in to the console through an OpenID Provider is rejected: src/domain/console/sign-in/user-sign-ins.ts */
export type SignInRejectionCause =
  | ExchangeRejectionCause
  | ("sign-in-state" | "sign-in-issuer" | "sign-in-denied" | "sign-in-code" | "sign-in-client" | "sign-in-nonce")
  | ("sign-in-user" | "sign-in-role");

/** A rejected authentication. The cause goes to the organization's logs and never to the caller. */
export interface CredentialRejection {
  /** Absent if the credential belongs to no organization. */
  readonly organizationId?: string;
  readonly actor?: Actor;
  readonly cause: CredentialRejectionCause | SignInRejectionCause;
  readonly ip: string;
  readonly requestId: string;
}

/**
 * The most distinct rejections of one organization between two flushes; the rest is counted in one overflow event. The
 * limit applies per organization, so that a stranger's guesses cannot hide the use of a revoked token.
 */
const distinctMax = 200;
const overflowKey = "overflow";
/**
 * The most events of one organization in an hour that are not overflow events, and as many for credentials that belong to
 * no organization: audit events are kept indefinitely by default, and addresses are free to attackers.
 */
const hourlyEventsMax: RateLimit = { requests: 1000, seconds: 3600 };
/** The most log lines in ten seconds. The rest is counted in one line. */
const logLinesMax: RateLimit = { requests: 200, seconds: 10 };

/** Distinct rejections, by token, cause and address. */
type RejectionCounts = Map<string, { readonly rejection: CredentialRejection; count: number }>;

/**
 * Records rejected authentications as audit events and as lines of the log. Equal rejections between two flushes become
 * one event with a count, so that an attacker cannot fill the audit log by guessing. An event without an organization is
 * stored for the only organization of the installation, else for the installation as a whole.
 */
export class RejectedCredentials implements Buffered {
  readonly #store: Store;
  readonly #log: Log | undefined;
  readonly #hourlyEvents: Quota;
  readonly #logLines: Quota;
  readonly #onRejection: ((rejection: CredentialRejection) => void) | undefined;
  #unloggedCount = 0;
  /** One organization per transaction. */
  readonly #buffer = new BufferedWriter<string, RejectionCounts>({
    batchSize: 1,
    merge: mergeCounts,
    write: async (batch) => {
      for (const [organizationId, counts] of batch) await this.#write(organizationId, counts);
    },
  });

  /**
   * @param now returns the time in milliseconds since 1970
   * @param onRejection called for each rejection
   */
  constructor(
    store: Store,
    log?: Log,
    now: () => number = Date.now,
    onRejection?: (rejection: CredentialRejection) => void,
  ) {
    this.#onRejection = onRejection;
    this.#store = store;
    this.#log = log;
    this.#hourlyEvents = new Quota("rejection-events", hourlyEventsMax, now);
    this.#logLines = new Quota("rejection-log-lines", logLinesMax, now);
  }

  /** A request without any credential is only logged: it says nothing about a credential. */
  record(rejection: CredentialRejection): void {
    this.#onRejection?.(rejection);
    this.#writeLogLine(rejection);
    const { organizationId = serviceTenant, actor, cause, ip } = rejection;
    if (cause === "missing") return;
    const key = JSON.stringify([actor?.id, cause, ip]);
    this.#buffer.record(organizationId, new Map([[key, { rejection, count: 1 }]]));
  }

  /** Its size is the number of organizations with rejections. */
  get bufferState(): BufferState {
    return this.#buffer;
  }

  async flush(): Promise<void> {
    if (this.#unloggedCount > 0) {
      this.#log?.warn("more credentials rejected", { count: this.#unloggedCount });
      this.#unloggedCount = 0;
    }
    await this.#buffer.flush();
  }

  #writeLogLine({ organizationId, actor, cause, ip, requestId }: CredentialRejection): void {
    if (this.#logLines.remaining("").requests === 0) this.#unloggedCount++;
    else {
      this.#logLines.consume("");
      const id = actor?.type === "user" ? { userId: actor.id } : { tokenId: actor?.id };
      this.#log?.warn("credential rejected", { requestId, ip, reason: cause, ...id, organizationId });
    }
  }

  async #write(recordedFor: string, counts: RejectionCounts): Promise<void> {
    const soleOrganizationId = recordedFor === serviceTenant ? await findSoleOrganization(this.#store) : undefined;
    const organizationId = soleOrganizationId ?? recordedFor;
    const bounded = mergeCounts(new Map(), counts, this.#hourlyEvents.remaining(recordedFor).requests);
    await this.#store.transaction(async (transaction) => {
      for (const { rejection, count } of bounded.values()) {
        const { actor = { type: "token" }, cause, ip, requestId } = rejection;
        const event = { action: toAuditAction(cause), details: { cause, count } };
        const source = { actor, ip, requestId };
        await insertAuditEvent(transaction, toAuditEvent(organizationId, source, "refused", event));
      }
    });
    for (const key of bounded.keys()) if (key !== overflowKey) this.#hourlyEvents.consume(recordedFor);
  }
}

/** Adds counts to others. Beyond the limit, counts go to the overflow event. */
function mergeCounts(earlier: RejectionCounts, later: RejectionCounts, limit = distinctMax): RejectionCounts {
  for (const [key, { rejection, count }] of later) {
    const isOverflow = key === overflowKey || (!earlier.has(key) && earlier.size >= Math.min(limit, distinctMax));
    const counter = earlier.get(isOverflow ? overflowKey : key);
    if (counter) counter.count += count;
    else if (isOverflow) earlier.set(overflowKey, { rejection: toOverflow(rejection), count });
    else earlier.set(key, { rejection, count });
  }
  return earlier;
}

/** The overflow event has the cause of the first rejection beyond the limit, and no actor. */
const toOverflow = ({ actor: _, ...rejection }: CredentialRejection): CredentialRejection => ({
  ...rejection,
  ip: "many",
  requestId: "many",
});

/** The use of a previous secret has an action of its own: the secret may be stolen, or some client was not updated. */
const toAuditAction = (cause: CredentialRejection["cause"]): AuditAction =>
  cause === "superseded" ? "token.superseded_secret_used" : "authentication.refused";
