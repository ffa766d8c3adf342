import { rename } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { AuditEvent } from "../../schemas/audit-event.ts";
import type { Token } from "../../schemas/token.ts";
import { operator } from "../../src/domain/audit/record.ts";
import { Refusals } from "../../src/domain/audit/refusals.ts";
import { Organizations } from "../../src/domain/organizations.ts";
import { KnownForms } from "../../src/domain/tokens/legacy.ts";
import { TokenSignals } from "../../src/domain/tokens/signals.ts";
import { Tokens } from "../../src/domain/tokens/tokens.ts";
import { TokenUsage } from "../../src/domain/tokens/usage.ts";
import { type TokenSettings, TokenVerifier, type Watchers } from "../../src/domain/tokens/verify.ts";
import { AppError, type Fault } from "../../src/errors.ts";
import type { Store } from "../../src/store/collection.ts";
import { auditEvents, collections, tokens as tokenRecords } from "../../src/store/collections.ts";
import { openSqlite } from "../store/sqlite-opened.ts";
import { remember } from "../support/secrets.ts";

/** The domain over a store with two organisations, without a door before it. */
export interface Opened {
  readonly store: Store;
  readonly dataDir: string;
  readonly organizations: Organizations;
  readonly tokens: Tokens;
  /** Ids of the organisations `default` and `other`. */
  readonly organizationId: string;
  readonly otherId: string;
  /** All events of an organisation, in order; of one action where one is named. */
  audit(organizationId: string, action?: string): Promise<readonly AuditEvent[]>;
  stored(tokenId: string): Promise<Token>;
  /** Stores a token otherwise than the domain would have it by now. */
  alter(tokenId: string, more: Partial<Token>): Promise<void>;
  dispose(): Promise<void>;
}

/** A verifier over a store, whose watchers are its own where a test has none to ask. */
export function verifierOver(
  store: Store,
  settings: TokenSettings,
  watchers: Partial<Watchers> & { readonly forms?: KnownForms } = {},
): TokenVerifier {
  const { forms = new KnownForms(store, settings), ...given } = watchers;
  return new TokenVerifier(store, settings, forms, {
    usage: new TokenUsage(store),
    refusals: new Refusals(store),
    signals: new TokenSignals(store),
    ...given,
  });
}

/** Every secret that a test makes is searched for in the files that it leaves. */
class RememberedTokens extends Tokens {
  override async createWithin(...values: Parameters<Tokens["createWithin"]>): ReturnType<Tokens["createWithin"]> {
    const made = await super.createWithin(...values);
    remember(made.secret);
    return made;
  }
}

export async function openDomain(): Promise<Opened> {
  const { store, dataDir, dispose } = await openSqlite({ collections });
  const organizations = new Organizations(store);
  const { id: organizationId } = await organizations.create(operator, { slug: "default" });
  const { id: otherId } = await organizations.create(operator, { slug: "other" });
  const stored = async (id: string): Promise<Token> => {
    const token = await store.for(organizationId).open(tokenRecords).get(id);
    if (!token) throw new Error(`there is no token ${id}`);
    return token;
  };
  return {
    ...{ store, dataDir, organizations, organizationId, otherId, stored, dispose },
    tokens: new RememberedTokens(store, { prefix: "wxt" }),
    audit: async (organization, action) => {
      const where = action === undefined ? {} : ({ where: { op: "eq", path: "action", value: action } } as const);
      return (
        await store
          .for(organization)
          .open(auditEvents)
          .list({ ...where, limit: 1000 })
      ).items;
    },
    alter: async (id, more) => {
      const token = await stored(id);
      await store.transaction((change) =>
        change
          .for(organizationId)
          .open(tokenRecords)
          .replace({ ...token, ...more }, "any"),
      );
    },
  };
}

/** Waits for a refusal of this kind. @returns it */
export async function refusalOf(work: Promise<unknown>, fault: Fault): Promise<AppError> {
  const refused: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(refused instanceof AppError)) throw refused ?? new Error("it was not refused");
  expect(refused.fault).to.equal(fault);
  return refused;
}

/** A real outage: the database file is moved away. @returns what brings it back and waits until the store answers */
export async function takeAway({ store, dataDir }: Opened): Promise<() => Promise<void>> {
  const file = join(dataDir, "gatehouse.db");
  await rename(file, `${file}.away`);
  return async () => {
    await rename(`${file}.away`, file);
    const answers = () =>
      store.ping().then(
        () => true,
        () => false,
      );
    while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 20));
  };
}
