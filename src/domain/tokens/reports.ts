import { timingSafeEqual } from "node:crypto";
import type { Token } from "../../../schemas/token.ts";
import { redactText } from "../../log.ts";
import type { Change, Store } from "../../store/collection.ts";
import { tokens } from "../../store/collections.ts";
import { type Author, record, service } from "../audit/record.ts";
import type { Presentation } from "../caller.ts";
import { defaultOrganization } from "../organizations.ts";
import { possibleHashes } from "./format.ts";
import type { KnownForms } from "./legacy.ts";
import { replaceWithin, revokeWithin } from "./token-changes.ts";
import { digestOf, type TokenSettings } from "./verify.ts";

/** Takes secrets that lie open from whoever has found them, and ends what they open. */
export class TokenReports {
  readonly #store: Store;
  readonly #settings: TokenSettings;
  readonly #forms: KnownForms;

  constructor(store: Store, settings: TokenSettings, forms: KnownForms) {
    this.#store = store;
    this.#settings = settings;
    this.#forms = forms;
  }

  /**
   * Revokes the token of this secret, with an audit event. Who reports is told nothing: not whether there is one.
   * @param url where it was found
   */
  async report(secret: string, url: string | undefined, presentation: Presentation): Promise<void> {
    const author: Author = { ...service, ...presentation };
    const found = url === undefined ? {} : { url: redactText(url) };
    const { authSecret, pepper } = this.#settings;
    if (authSecret !== undefined && timingSafeEqual(digestOf(secret), digestOf(authSecret))) {
      return this.#reportAuthSecret(author, found);
    }
    if (!this.#forms.mayBeSecret(secret)) return;
    const hashes = possibleHashes(secret, pepper);
    const token = await this.#store.lookup(tokens, "secrets.hash", hashes);
    if (!token) return;
    await this.#store.transaction((change) => reportWithin(change, author, token, hashes, found), { turn: token.id });
  }

  /** Nobody but the operator can end this one. */
  async #reportAuthSecret(author: Author, found: object): Promise<void> {
    const organization = await defaultOrganization(this.#store);
    if (!organization) return;
    const details = { ...found, mend: "set another AUTH_SECRET and start the service again" };
    await this.#store.transaction((change) =>
      record(change, organization.id, author, { action: "auth-secret.report", details }),
    );
  }
}

async function reportWithin(
  change: Change,
  author: Author,
  { id, organizationId }: Token,
  hashes: readonly string[],
  found: object,
): Promise<void> {
  const token = await change.for(organizationId).open(tokens).get(id);
  const shown = token?.secrets.find(({ hash }) => hashes.includes(hash));
  // Whoever reports again and again fills no log.
  if (!token || !shown || shown.reportedAt !== undefined) return;
  const reportedAt = new Date().toISOString();
  const isSuperseded = shown.notAfter !== undefined && shown.notAfter <= reportedAt;
  const secrets = token.secrets.map((each) => (each === shown ? { ...each, reportedAt } : each));
  const details = { ...found, secret: isSuperseded ? "superseded" : "current" };
  const marked = await replaceWithin(change, author, token, "token.report", { ...token, secrets }, details);
  // Who had the secret before a rotation can do nothing with it any more.
  if (!isSuperseded && token.revokedAt === undefined) await revokeWithin(change, author, marked);
}
