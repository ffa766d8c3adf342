import { timingSafeEqual } from "node:crypto";
import type { Token } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import { redactText } from "../../../log.ts";
import { exchanges, tokens } from "../../../store/collections.ts";
import type { Store, Transaction } from "../../../store/store.ts";
import { type AuditActor, recordAuditEvent, serviceActor } from "../../audit/record.ts";
import type { RequestSource } from "../../caller.ts";
import { findDefaultOrganization } from "../../organizations.ts";
import { closeFamily } from "../exchange/family.ts";
import { hashRefreshToken } from "../exchange/refresh-token.ts";
import { candidateHashes } from "../issue/format.ts";
import { replaceToken, revokeToken } from "../issue/token-changes.ts";
import type { TokenFormatGate } from "../legacy/legacy.ts";
import { sha256, type TokenSettings } from "../verify/token-verifier.ts";

/** Accepts reports of leaked secrets from anyone and revokes their tokens, and names the token of a secret to its organization. */
export class TokenReports {
  readonly #store: Store;
  readonly #settings: TokenSettings;
  readonly #formatGate: TokenFormatGate;

  constructor(store: Store, settings: TokenSettings, formatGate: TokenFormatGate) {
    this.#store = store;
    this.#settings = settings;
    this.#formatGate = formatGate;
  }

  /**
   * Revokes the token of a leaked secret, with an audit event. The result does not reveal whether the token exists.
   * @param url where the secret was found; stored in the audit event
   */
  async report(secret: string, url: string | undefined, source: RequestSource): Promise<void> {
    const auditActor: AuditActor = { ...serviceActor, ...source };
    const location = url === undefined ? {} : { url: redactText(url) };
    const { authSecret } = this.#settings;
    if (authSecret !== undefined && timingSafeEqual(sha256(secret), sha256(authSecret))) {
      return this.#reportAuthSecret(auditActor, location);
    }
    const refreshHashes = hashRefreshToken(secret, this.#settings);
    if (refreshHashes) return this.#reportRefreshToken(auditActor, refreshHashes.family, location);
    const { token, hashes } = await this.#find(secret);
    if (!token) return;
    await this.#store.transaction((tx) => recordReport(tx, auditActor, token, hashes, location), { lockKey: token.id });
  }

  /**
   * Returns the id of the token of a secret, also if the token or the secret is not valid any more.
   * @throws AppError not-found, the same for an unknown secret and for a token of another organization
   */
  async findTokenId(organizationId: string, secret: string): Promise<string> {
    const { token } = await this.#find(secret);
    if (token?.organizationId === organizationId) return token.id;
    throw new AppError("not-found", "No token of this organization has this secret.");
  }

  async #find(secret: string): Promise<{ readonly token?: Token | undefined; readonly hashes: readonly string[] }> {
    if (!this.#formatGate.canBeToken(secret)) return { hashes: [] };
    const hashes = candidateHashes(secret, this.#settings.pepper);
    return { token: await this.#store.lookup(tokens, "secrets.hash", hashes), hashes };
  }

  /**
   * Closes the family of a refresh token, with an audit event. This includes a refresh token that was used already: the
   * newer one may have been issued to the finder.
   */
  async #reportRefreshToken(auditActor: AuditActor, familyHashes: readonly string[], location: object): Promise<void> {
    const family = await this.#store.lookup(exchanges, "familyHash", familyHashes);
    if (!family) return;
    const { id, organizationId, tokenId, userId } = family;
    await this.#store.transaction(
      async (tx) => {
        const current = await tx.for(organizationId).open(exchanges).get(id);
        if (!current || current.closedAt !== undefined) return;
        await closeFamily(tx, auditActor, current);
        await recordAuditEvent(tx, organizationId, auditActor, {
          action: "token.report",
          target: { type: "token", id: tokenId },
          details: { ...location, secret: "refresh", userId },
        });
      },
      { lockKey: userId },
    );
  }

  /** Records the report only: AUTH_SECRET is a setting, which only the operator can change. */
  async #reportAuthSecret(auditActor: AuditActor, location: object): Promise<void> {
    const organization = await findDefaultOrganization(this.#store);
    if (!organization) return;
    const details = { ...location, fix: "set another AUTH_SECRET and restart the service" };
    await this.#store.transaction((tx) =>
      recordAuditEvent(tx, organization.id, auditActor, { action: "auth-secret.report", details }),
    );
  }
}

async function recordReport(
  tx: Transaction,
  auditActor: AuditActor,
  { id, organizationId }: Token,
  hashes: readonly string[],
  location: object,
): Promise<void> {
  const token = await tx.for(organizationId).open(tokens).get(id);
  const reportedSecret = token?.secrets.find(({ hash }) => hashes.includes(hash));
  // Repeated reports of one secret write nothing, so that they cannot fill the audit log.
  if (!token || !reportedSecret || reportedSecret.reportedAt !== undefined) return;
  const reportedAt = new Date().toISOString();
  const isPrevious =
    reportedSecret.notAfter !== undefined && Date.parse(reportedSecret.notAfter) <= Date.parse(reportedAt);
  const secrets = token.secrets.map((each) => (each === reportedSecret ? { ...each, reportedAt } : each));
  const details = { ...location, secret: isPrevious ? "superseded" : "current" };
  const reported = await replaceToken(tx, auditActor, token, "token.report", { ...token, secrets }, details);
  // A previous secret is not valid any more, so its leak does not endanger the token.
  if (!isPrevious && token.revokedAt === undefined) await revokeToken(tx, auditActor, reported);
}
