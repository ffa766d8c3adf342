import { rename } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { AuditEvent } from "../../schemas/audit-event.ts";
import type { Token } from "../../schemas/token.ts";
import { operatorActor } from "../../src/domain/audit/record.ts";
import { RejectedCredentials } from "../../src/domain/audit/rejections.ts";
import { Organizations } from "../../src/domain/organizations.ts";
import { TokenFormatGate } from "../../src/domain/tokens/legacy/legacy.ts";
import { Tokens } from "../../src/domain/tokens/tokens.ts";
import { TokenSignals } from "../../src/domain/tokens/usage/signals.ts";
import { TokenUsage } from "../../src/domain/tokens/usage/usage.ts";
import {
  type TokenSettings,
  TokenVerifier,
  type VerificationObservers,
} from "../../src/domain/tokens/verify/token-verifier.ts";
import { AppError, type ErrorCode } from "../../src/errors.ts";
import { auditEvents, collections, tokens as tokenRecords } from "../../src/store/collections.ts";
import type { Store } from "../../src/store/store.ts";
import { openSqliteTestStore } from "../store/sqlite/sqlite.fixture.ts";
import { trackSecret } from "../support/secrets.ts";

/** The domain over a store with two organizations, without an HTTP adapter. */
export interface DomainTestContext {
  readonly store: Store;
  readonly dataDir: string;
  readonly organizations: Organizations;
  readonly tokens: Tokens;
  /** Ids of the organizations `default` and `other`. */
  readonly organizationId: string;
  readonly otherId: string;
  /** Lists the audit events of an organization in order, optionally of one action. */
  listAuditEvents(organizationId: string, action?: string): Promise<readonly AuditEvent[]>;
  /** @param organizationId by default that of `default` */
  readStoredToken(tokenId: string, organizationId?: string): Promise<Token>;
  /** Changes fields of a stored token directly, past the domain's rules. */
  patchToken(tokenId: string, more: Partial<Token>, organizationId?: string): Promise<void>;
  dispose(): Promise<void>;
}

/** Creates a verifier over a store. Observers that a test does not pass are created with it. */
export function createVerifier(
  store: Store,
  settings: TokenSettings,
  overrides: Partial<VerificationObservers> & { readonly formatGate?: TokenFormatGate } = {},
): TokenVerifier {
  const { formatGate = new TokenFormatGate(store, settings), ...observers } = overrides;
  return new TokenVerifier(store, settings, formatGate, {
    usage: new TokenUsage(store),
    rejections: new RejectedCredentials(store),
    signals: new TokenSignals(store),
    ...observers,
  });
}

/** Tracks every created secret, so that the files of a test can be searched for secrets in plain text. */
class SecretTrackingTokens extends Tokens {
  override async createInTransaction(
    ...values: Parameters<Tokens["createInTransaction"]>
  ): ReturnType<Tokens["createInTransaction"]> {
    const issued = await super.createInTransaction(...values);
    trackSecret(issued.secret);
    return issued;
  }
}

export async function openDomain(): Promise<DomainTestContext> {
  const { store, dataDir, dispose } = await openSqliteTestStore({ collections });
  const organizations = new Organizations(store);
  const { id: organizationId } = await organizations.create(operatorActor, { slug: "default" });
  const { id: otherId } = await organizations.create(operatorActor, { slug: "other" });
  const readStoredToken = async (id: string, tenantId = organizationId): Promise<Token> => {
    const token = await store.for(tenantId).open(tokenRecords).get(id);
    if (!token) throw new Error(`token ${id} does not exist`);
    return token;
  };
  return {
    ...{ store, dataDir, organizations, organizationId, otherId, readStoredToken, dispose },
    tokens: new SecretTrackingTokens(store, { prefix: "wxt" }),
    listAuditEvents: async (organization, action) => {
      const where = action === undefined ? {} : ({ where: { op: "eq", path: "action", value: action } } as const);
      return (
        await store
          .for(organization)
          .open(auditEvents)
          .list({ ...where, limit: 1000 })
      ).items;
    },
    patchToken: async (id, more, tenantId = organizationId) => {
      const token = await readStoredToken(id, tenantId);
      await store.transaction((tx) =>
        tx
          .for(tenantId)
          .open(tokenRecords)
          .replace({ ...token, ...more }, "any"),
      );
    },
  };
}

/** Expects work to reject with an error code. @returns the error */
export async function expectRejection(work: Promise<unknown>, code: ErrorCode): Promise<AppError> {
  const caught: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(caught instanceof AppError)) throw caught ?? new Error("the promise was not rejected");
  expect(caught.code).to.equal(code);
  return caught;
}

/**
 * Simulates an outage: moves the database file away.
 * @returns a function that restores the file and waits until the store is available
 */
export async function simulateOutage({ store, dataDir }: DomainTestContext): Promise<() => Promise<void>> {
  const file = join(dataDir, "gatehouse.db");
  await rename(file, `${file}.away`);
  return async () => {
    await rename(`${file}.away`, file);
    const isAvailable = () =>
      store.ping().then(
        () => true,
        () => false,
      );
    while (!(await isAvailable())) await new Promise((resolve) => setTimeout(resolve, 20));
  };
}
