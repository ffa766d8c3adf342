import { isLong, waitForOwnTick } from "../../../own-tick.ts";
import type { DatabaseAccess } from "../database-access.ts";
import { type Fields, operationTimeMs } from "../driver.ts";
import { readRawNumber } from "./bson-reader.ts";
import { findRaw, readRaw } from "./find-raw.ts";
import type { SharedReads } from "./shared-reads.ts";

/** One kind of lookup by keys: which documents have them, and which value each key has. */
export interface LookupKind<R> {
  /** Identifies the kind, with its organization. */
  readonly name: string;
  readonly collection: string;
  readonly projection: Readonly<Record<string, 0 | 1>>;
  /** The index, for a query of this kind alone. In a union the planner chooses. */
  readonly hint: string;
  filter(keys: readonly string[]): Fields;
  /** Returns the values by key. */
  decode(documents: readonly Uint8Array[]): ReadonlyMap<string, R>;
  /** Joins what two parts of the documents have for one key. Absent if one document decides the value of a key. */
  merge?(one: R, other: R): R;
}

/** A lookup of more keys is sent alone, so that it does not delay others. */
const sharedKeysMax = 250;
/** The most documents in one reply. */
const batchSizeMax = 20_000;

/**
 * Looks up keys of any kinds. Outside a transaction, all lookups of concurrent requests share round trips (`SharedReads`):
 * keys of one kind are one query, and keys of several kinds are one aggregation with a `$unionWith` for each further kind.
 * For the four kinds that a user with groups needs, that is half of the CPU time of four queries, here and in mongod.
 */
export class Lookups {
  readonly #access: DatabaseAccess;
  readonly #sharedReads: SharedReads | undefined;

  /** @param sharedReads absent inside a transaction, whose operations run one after another */
  constructor(access: DatabaseAccess, sharedReads?: SharedReads) {
    this.#access = access;
    this.#sharedReads = sharedReads;
  }

  /**
   * @returns the values by key; keys without a value are missing
   * @throws AppError unavailable
   */
  async find<R>(kind: LookupKind<R>, keys: readonly string[]): Promise<ReadonlyMap<string, R>> {
    if (keys.length === 0) return new Map();
    if (!this.#sharedReads || keys.length > sharedKeysMax) return findAlone(kind, keys, this.#access);
    const subjects = keys.map((key) => [sharedKey(kind, key), { kind, key }] as const);
    const shared = await this.#sharedReads.read<Subject, unknown>("lookups", subjects, findAll);
    const values = new Map<string, R>();
    for (const key of keys) {
      const value = shared.get(sharedKey(kind, key)) as R | undefined;
      if (value !== undefined) values.set(key, value);
    }
    return values;
  }
}

/** A key of one kind among those of others. */
interface Subject {
  readonly kind: LookupKind<unknown>;
  readonly key: string;
}

const sharedKey = ({ name }: LookupKind<unknown>, key: string): string => `${name} ${key}`;

interface KindWithKeys {
  readonly kind: LookupKind<unknown>;
  readonly keys: string[];
}

/** Looks up keys of several kinds in one query. */
async function findAll(
  subjects: ReadonlyMap<string, Subject>,
  access: DatabaseAccess,
): Promise<ReadonlyMap<string, unknown>> {
  const byName = new Map<string, KindWithKeys>();
  for (const { kind, key } of subjects.values()) {
    const sameKind = byName.get(kind.name);
    if (sameKind) sameKind.keys.push(key);
    else byName.set(kind.name, { kind, keys: [key] });
  }
  const kinds = [...byName.values()];
  const found = kinds.length === 1 ? await findSeparately(kinds, access) : await findUnion(kinds, access);
  const values = new Map<string, unknown>();
  kinds.forEach(({ kind }, at) => {
    for (const [key, value] of found[at] ?? []) values.set(sharedKey(kind, key), value);
  });
  return values;
}

/** @returns the values of each kind, in the order of the kinds */
const findSeparately = (
  kinds: readonly KindWithKeys[],
  access: DatabaseAccess,
): Promise<readonly ReadonlyMap<string, unknown>[]> =>
  Promise.all(kinds.map(({ kind, keys }) => findAlone(kind, keys, access)));

async function findAlone<R>(
  kind: LookupKind<R>,
  keys: readonly string[],
  access: DatabaseAccess,
): Promise<ReadonlyMap<string, R>> {
  const { collection, filter, projection, hint } = kind;
  const limits = { batchSize: batchSizeMax, maxTimeMS: operationTimeMs };
  const documents = await access.run((options) =>
    findRaw(access.database, collection, filter(keys), { ...options, projection, hint, ...limits }),
  );
  return decodeDocuments(kind, documents);
}

/** Decodes each long document in its own tick. */
function decodeDocuments<R>(
  kind: LookupKind<R>,
  documents: readonly Uint8Array[],
): ReadonlyMap<string, R> | Promise<ReadonlyMap<string, R>> {
  return documents.some(isLongDocument) ? decodeLongDocuments(kind, documents) : kind.decode(documents);
}

async function decodeLongDocuments<R>(
  kind: LookupKind<R>,
  documents: readonly Uint8Array[],
): Promise<ReadonlyMap<string, R>> {
  const values = new Map(kind.decode(documents.filter((document) => !isLongDocument(document))));
  for (const document of documents.filter(isLongDocument)) {
    await waitForOwnTick();
    for (const [key, value] of kind.decode([document])) {
      const previous = values.get(key);
      values.set(key, kind.merge && previous !== undefined ? kind.merge(previous, value) : value);
    }
  }
  return values;
}

const isLongDocument = ({ length }: Uint8Array): boolean => isLong(length);

/**
 * Runs one aggregation. In its result, `_id` is the number of the kind.
 * @see https://www.mongodb.com/docs/manual/reference/operator/aggregation/unionWith/
 */
async function findUnion(
  kinds: readonly KindWithKeys[],
  access: DatabaseAccess,
): Promise<readonly ReadonlyMap<string, unknown>[]> {
  const [first, ...others] = kinds.map(({ kind, keys }, at) => ({
    coll: kind.collection,
    pipeline: [{ $match: kind.filter(keys) }, { $project: kind.projection }, { $set: { _id: { $literal: at } } }],
  }));
  if (!first) return [];
  const command = {
    aggregate: first.coll,
    pipeline: [...first.pipeline, ...others.map((each) => ({ $unionWith: each }))],
    cursor: { batchSize: batchSizeMax },
    maxTimeMS: operationTimeMs,
  };
  let isComplete = true;
  const documents = await access.run(() =>
    readRaw(access.database, command, async () => {
      isComplete = false;
      return [];
    }),
  );
  if (!isComplete) return findSeparately(kinds, access);
  const byKind = kinds.map((): Uint8Array[] => []);
  for (const document of documents) byKind[readRawNumber(document, "_id") ?? -1]?.push(document);
  return Promise.all(kinds.map(({ kind }, at) => decodeDocuments(kind, byKind[at] ?? [])));
}
