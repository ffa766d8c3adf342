import type { Organization } from "../../../schemas/organization.ts";
import type { ScimExtension } from "../../../schemas/scim-extension.ts";
import type { Token } from "../../../schemas/token.ts";
import { AppError, hasErrorCode } from "../../errors.ts";
import {
  auditEvents,
  cascadeDeletes,
  groups,
  organizations,
  type PendingImport,
  scimExtensions,
  serviceTenant,
  tokens,
  users,
} from "../../store/collections.ts";
import type { Entity } from "../../store/record.ts";
import type { CollectionDefinition, Store, Transaction } from "../../store/store.ts";
import { operatorActor, recordAuditEvent } from "../audit/record.ts";
import { readExtensionsOnce } from "../extensions/read-extensions.ts";
import type { MembershipLine } from "./format.ts";
import { lineError } from "./lines.ts";
import { endPendingImport, startPendingImport, touchPendingImport } from "./pending-import.ts";
import { importAction, type StoredRecord, type TransferredCollection } from "./transferred-collections.ts";

/** A valid record of a file. */
export interface ImportedRecord {
  readonly line: number;
  readonly collection: TransferredCollection;
  readonly record: StoredRecord;
}

/** Records of one transaction, and most characters in them. */
const batchMax = 500;
const batchLengthMax = 1024 * 1024;
/** Members from which one transaction writes no more. */
const membersMax = 5000;
/** Tokens whose secrets are looked up together. */
const tokensPerLookup = 100;
/** The most records that the last transaction writes, which are in memory until then: above all tokens. */
export const gateRecordsMax = 100_000;

/** Writes an import: most records in batches, and those that open the others to clients in the last transaction. */
export class ImportWriter {
  readonly #store: Store;
  readonly #gate: ImportedRecord[] = [];
  readonly #hashes = new Set<string>();
  readonly #directory = new DirectoryIds();
  readonly #removedSubjects = new Set<string>();
  #uncheckedTokens: { readonly line: number; readonly hashes: readonly string[] }[] = [];
  /** What claims the organizations; undefined before `start`. */
  #pending: PendingImport | undefined;
  #batch: ImportedRecord[] = [];
  #batchLength = 0;
  #members: MembershipLine[] = [];
  #memberCount = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Adds a record. @param length in characters @throws AppError invalid-value with the line; unavailable */
  async add(imported: ImportedRecord, length: number): Promise<void> {
    const { collection, record } = imported;
    if (collection.isGate) return this.#addToGate(imported);
    if (directoryCollections.has(collection.definition)) this.#directory.add(record);
    const [first] = this.#batch;
    const isOther = first && first.record.organizationId !== record.organizationId;
    if (
      isOther ||
      this.#members.length > 0 ||
      this.#batch.length >= batchMax ||
      this.#batchLength + length > batchLengthMax
    )
      await this.#flush();
    this.#batch.push(imported);
    this.#batchLength += length;
  }

  /** Adds members of a group. @throws AppError invalid-value with the line; unavailable */
  async addMembers(line: number, memberships: MembershipLine): Promise<void> {
    const [first] = this.#members;
    const { organizationId, groupId, memberIds } = memberships;
    const isKnown = (id: string): boolean => this.#directory.has(organizationId, id) || this.#removedSubjects.has(id);
    const missing = [groupId, ...memberIds].find((id) => !isKnown(id));
    if (missing !== undefined) throw lineError(line, `refers to ${missing}, which is not in the file.`);
    const isOther = first && first.organizationId !== organizationId;
    if (this.#batch.length > 0 || isOther || this.#memberCount >= membersMax) await this.#flush();
    this.#members.push(memberships);
    this.#memberCount += memberIds.length;
  }

  /** Ends the import: everything becomes visible at once. @param details of the audit events */
  async commit(details: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#flush();
    await this.#lookUpSecrets();
    const pending = this.#pending;
    if (!pending) return;
    await this.#store.transaction(async (transaction) => {
      for (const imported of this.#gate) await insert(transaction, imported);
      for (const id of pending.organizationIds) {
        await recordAuditEvent(transaction, id, operatorActor, {
          action: importAction,
          target: { type: "organization", id },
          details,
        });
      }
      await endPendingImport(transaction, pending);
    });
  }

  /** The id of the marker of this import; undefined before `start`. */
  get pendingId(): string | undefined {
    return this.#pending?.id;
  }

  /** Claims the organizations. @throws AppError conflict if one of them exists */
  async start(): Promise<void> {
    const imported = this.#gate.map(({ record }) => record as unknown as Organization);
    this.#pending = await this.#store.transaction(async (transaction) => {
      const reader = transaction.for(serviceTenant).open(organizations);
      for (const { id, slug } of imported) {
        const sameSlug = await reader.list({ where: { op: "eq", path: "slug", value: slug }, limit: 1 });
        if (sameSlug.items.length > 0 || (await reader.get(id))) throw organizationExists(slug);
      }
      return startPendingImport(
        transaction,
        imported.map(({ id }) => id),
      );
    });
  }

  async #addToGate(imported: ImportedRecord): Promise<void> {
    const { line, collection, record } = imported;
    if (this.#gate.length >= gateRecordsMax) {
      throw lineError(
        line,
        `exceeds the limit of ${gateRecordsMax} organizations and tokens in one import. Export fewer organizations to each file.`,
      );
    }
    if (collection.definition === cascadeDeletes) this.#removedSubjects.add(String(record["subjectId"]));
    if (collection.definition === tokens) await this.#assertUnusedSecrets(line, record as unknown as Token);
    this.#gate.push(imported);
  }

  /** The last transaction would report a duplicate without its line. */
  async #assertUnusedSecrets(line: number, { secrets }: Token): Promise<void> {
    const hashes = secrets.map(({ hash }) => hash);
    for (const hash of hashes) {
      if (this.#hashes.has(hash)) throw secretExists(line);
      this.#hashes.add(hash);
    }
    this.#uncheckedTokens.push({ line, hashes });
    if (this.#uncheckedTokens.length >= tokensPerLookup) await this.#lookUpSecrets();
  }

  async #lookUpSecrets(): Promise<void> {
    const unchecked = this.#uncheckedTokens;
    this.#uncheckedTokens = [];
    const exists = async (hashes: readonly string[]): Promise<boolean> =>
      hashes.length > 0 && (await this.#store.lookup(tokens, "secrets.hash", hashes)) !== undefined;
    if (!(await exists(unchecked.flatMap(({ hashes }) => hashes)))) return;
    for (const { line, hashes } of unchecked) if (await exists(hashes)) throw secretExists(line);
  }

  async #flush(): Promise<void> {
    await this.#flushRecords();
    await this.#flushMembers();
  }

  async #flushMembers(): Promise<void> {
    const lines = this.#members;
    this.#members = [];
    this.#memberCount = 0;
    if (lines.length === 0) return;
    await this.#store.transaction(async (transaction) => {
      for (const { organizationId, groupId, memberIds } of lines)
        await transaction.for(organizationId).memberships.addNew(groupId, memberIds);
      if (this.#pending) await touchPendingImport(transaction, this.#pending);
    });
  }

  async #flushRecords(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchLength = 0;
    if (batch.length === 0) return;
    try {
      await this.#insertAll(batch);
    } catch (error) {
      if (!hasErrorCode(error, "conflict")) throw error;
      // Nothing of the batch is stored. One by one, the record with the conflict is found.
      for (const imported of batch) {
        await this.#insertAll([imported]).catch((reason: unknown) => {
          throw hasErrorCode(reason, "conflict") ? lineError(imported.line, `conflicts: ${reason.message}`) : reason;
        });
      }
      throw error;
    }
  }

  async #insertAll(batch: readonly ImportedRecord[]): Promise<void> {
    await this.#store.transaction(async (transaction) => {
      for (const imported of batch) await insert(transaction, imported);
      if (this.#pending) await touchPendingImport(transaction, this.#pending);
    });
  }
}

const directoryCollections: ReadonlySet<CollectionDefinition<Entity>> = new Set([users, groups]);

/** The ids of the users and groups that were read, about 80 bytes each: a query per membership takes much longer. */
class DirectoryIds {
  readonly #byOrganization = new Map<string, Set<string>>();

  add({ organizationId, id }: Entity): void {
    const ids = this.#byOrganization.get(organizationId);
    if (ids) ids.add(id);
    else this.#byOrganization.set(organizationId, new Set([id]));
  }

  has(organizationId: string, id: string): boolean {
    return this.#byOrganization.get(organizationId)?.has(id) ?? false;
  }
}

async function insert(transaction: Transaction, { collection, record }: ImportedRecord): Promise<void> {
  const { organizationId } = record;
  const { definition, addSearchFields } = collection;
  const tenant = transaction.for(organizationId);
  // No client sees events without an organization, and an interrupted import leaves them.
  if (organizationId === serviceTenant && definition === auditEvents && (await tenant.open(definition).get(record.id)))
    return;
  if (!addSearchFields) return tenant.open(definition).insert(record);
  const needsExtensions = definition !== scimExtensions && record["scimExtensions"] !== undefined;
  const extensions: readonly ScimExtension[] = needsExtensions
    ? await readExtensionsOnce(transaction, organizationId)
    : [];
  await tenant.open(definition).insert(addSearchFields(record, extensions));
}

const secretExists = (line: number): AppError => lineError(line, "has a secret that another token has already.");

const organizationExists = (slug: string): AppError =>
  new AppError(
    "conflict",
    `The organization ${slug} exists already. Import into an empty store, or export only the organizations that are missing here.`,
  );
