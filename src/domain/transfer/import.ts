import { createHash, type Hash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import type { AppError } from "../../errors.ts";
import { serviceTenant } from "../../store/collections.ts";
import { recordShape } from "../../store/record-shape.ts";
import type { Store } from "../../store/store.ts";
import {
  type ExportHeader,
  exportFormatVersion,
  exportHeader,
  exportTrailer,
  membershipCount,
  membershipLine,
  recordLine,
} from "./format.ts";
import { ImportWriter } from "./import-writer.ts";
import { type Line, lineError, readLines } from "./lines.ts";
import { discardPendingImports } from "./pending-import.ts";
import {
  organizationCollection,
  type StoredRecord,
  type TransferredCollection,
  targetedCollections,
  tenantCollections,
} from "./transferred-collections.ts";

/** What an import has written, in numbers of records by collection. */
export interface ImportReport {
  readonly counts: Readonly<Record<string, number>>;
  readonly sha256: string;
}

/**
 * Imports an export file into a store that has none of its organizations. Ids, versions, times and hashes of secrets stay
 * the same. Clients see either nothing of it or everything: see `startPendingImport`. An unfinished import is removed first.
 * @param input the file, as UTF-8 or strings
 * @throws AppError invalid-value with the number of the line; conflict if an organization exists; unavailable. Nothing of
 *   the file is stored then, unless the store is unavailable
 */
export async function importData(store: Store, input: AsyncIterable<string | Uint8Array>): Promise<ImportReport> {
  await discardPendingImports(store);
  const writer = new ImportWriter(store);
  const run = new ImportRun(writer);
  try {
    for await (const line of readLines(input)) await run.read(line);
    return await run.end();
  } catch (error) {
    await discardPendingImports(store, writer.pendingId).catch(() => undefined); // the next import repeats it
    throw error;
  }
}

const collectionsByName: ReadonlyMap<string, TransferredCollection> = new Map(
  [...tenantCollections, ...targetedCollections, organizationCollection].map((each) => [each.definition.name, each]),
);
const targetedNames = new Set(targetedCollections.map(({ definition }) => definition.name));

/** Reads one file, line by line. */
class ImportRun {
  readonly #writer: ImportWriter;
  readonly #hash: Hash = createHash("sha256");
  readonly #counts = new Map<string, number>();
  readonly #organizationIds = new Set<string>();
  readonly #slugs = new Set<string>();
  /** By organization and collection: the last id or membership, which those that follow are greater than. */
  readonly #lastKeys = new Map<string, string>();
  #header: ExportHeader | undefined;
  #hasStarted = false;
  #digest: string | undefined;
  #lines = 0;

  constructor(writer: ImportWriter) {
    this.#writer = writer;
  }

  async read(line: Line): Promise<void> {
    this.#lines = line.number;
    if (this.#digest !== undefined) throw lineError(line.number, "follows the end of the export. Remove it.");
    const value = parseJson(line);
    if (!this.#header) this.#header = readHeader(line, value);
    else if ("collection" in value) await this.#readRecord(line, value);
    else if ("memberships" in value) await this.#readMemberships(line, value);
    else return this.#readTrailer(line, value);
    this.#hash.update(`${line.text}\n`);
  }

  /** @throws AppError invalid-value if the file is incomplete */
  async end(): Promise<ImportReport> {
    if (this.#digest === undefined)
      throw lineError(this.#lines + 1, "is missing: the file ends before its last line. Export it again.");
    await this.#start();
    const report = { counts: Object.fromEntries(this.#counts), sha256: this.#digest };
    await this.#writer.commit({ ...report });
    return report;
  }

  async #readRecord(line: Line, value: object): Promise<void> {
    const { collection: name, record } = parse(recordLine, line, value);
    const collection = collectionsByName.get(name);
    if (!collection) throw lineError(line.number, `has the unknown collection ${JSON.stringify(name.slice(0, 100))}.`);
    parse(collection.schema, line, record, "record");
    const storedRecord = record as unknown as StoredRecord;
    const { id, organizationId } = storedRecord;
    if (!id.startsWith(`${collection.prefix}_`))
      throw lineError(line.number, `has an id in ${name} that does not begin with ${collection.prefix}_.`);
    if (hasEscapedSurrogate(line.text))
      throw lineError(line.number, "has an escaped surrogate. Write the character itself.");
    if (collection === organizationCollection) this.#addOrganization(line, storedRecord);
    else await this.#start();
    this.#assertOwner(line, name, storedRecord);
    this.#assertOrder(line, `${organizationId} ${name}`, id);
    this.#count(name, 1);
    await this.#writer.add({ line: line.number, collection, record: storedRecord }, line.text.length);
  }

  async #readMemberships(line: Line, value: object): Promise<void> {
    const { memberships } = parse(membershipLine, line, value);
    const { organizationId, groupId, memberIds } = memberships;
    await this.#start();
    this.#assertKnownOrganization(line, organizationId);
    for (const memberId of memberIds) {
      this.#assertOrder(line, `${organizationId} ${membershipCount}`, `${groupId} ${memberId}`);
      if (memberId === groupId) throw lineError(line.number, `has ${groupId} as a member of itself.`);
    }
    this.#count(membershipCount, memberIds.length);
    await this.#writer.addMembers(line.number, memberships);
  }

  #readTrailer(line: Line, value: object): void {
    const { counts, sha256 } = parse(exportTrailer, line, value);
    if (this.#hash.digest("hex") !== sha256)
      throw lineError(
        line.number,
        "has another sha256 than the lines before it: the file was changed. Export it again.",
      );
    const counted = Object.fromEntries(this.#counts);
    if (!isDeepStrictEqual(counts, counted))
      throw lineError(line.number, `has other counts than the file has records: ${JSON.stringify(counted)}.`);
    this.#digest = sha256;
  }

  #addOrganization(line: Line, { id, slug }: StoredRecord): void {
    if (this.#hasStarted) throw lineError(line.number, "has an organization after other records.");
    if (this.#slugs.has(String(slug)))
      throw lineError(line.number, "has a slug that another organization of the file has.");
    this.#slugs.add(String(slug));
    this.#organizationIds.add(id);
  }

  async #start(): Promise<void> {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    await this.#writer.start();
  }

  /** A record belongs to an organization of the file, itself or by its target. */
  #assertOwner(line: Line, name: string, record: StoredRecord): void {
    const isService = record.organizationId === serviceTenant;
    if (name === organizationCollection.definition.name || targetedNames.has(name)) {
      if (!isService) throw lineError(line.number, `has an organizationId other than ${serviceTenant} in ${name}.`);
      if (targetedNames.has(name)) this.#assertKnownOrganization(line, String(record["targetOrganizationId"]));
    } else if (!isService || name !== "audit_events" || !this.#header?.complete) {
      this.#assertKnownOrganization(line, record.organizationId);
    }
  }

  #assertKnownOrganization(line: Line, id: string): void {
    if (!this.#organizationIds.has(id))
      throw lineError(line.number, "belongs to an organization that is not in the file.");
  }

  /** Records are in id order, so that none appears more than once. */
  #assertOrder(line: Line, list: string, key: string): void {
    if (key <= (this.#lastKeys.get(list) ?? ""))
      throw lineError(line.number, "is not in order of the ids, or its record appears more than once.");
    this.#lastKeys.set(list, key);
  }

  #count(name: string, added: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + added);
  }
}

function readHeader(line: Line, value: object): ExportHeader {
  const header = parse(exportHeader, line, value);
  if (header.version !== exportFormatVersion)
    throw lineError(
      line.number,
      `has the format version ${header.version}, and this release reads only version ${exportFormatVersion}.`,
    );
  if (header.migration !== recordShape)
    throw lineError(
      line.number,
      `has records of migration ${header.migration}, and this release has migration ${recordShape}. Import the file with the release that wrote it, then upgrade.`,
    );
  return header;
}

function parseJson({ number, text }: Line): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw lineError(number, "is not JSON.");
  }
  if (typeof value !== "object" || value === null) throw lineError(number, "is not a JSON object.");
  return value;
}

/** @param at the name of the value in the line @throws AppError invalid-value with the line and the field */
function parse<S extends z.ZodType>(schema: S, line: Line, value: unknown, at?: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = [...(at === undefined ? [] : [at]), ...(issue?.path ?? [])].join(".");
  throw toFieldError(line, path, issue?.message ?? "is invalid");
}

const toFieldError = ({ number }: Line, path: string, message: string): AppError =>
  lineError(number, `is invalid${path === "" ? "" : ` at ${path.slice(0, 200)}`}: ${message.replace(/\.$/, "")}.`);

/** Whether JSON has the escape of a surrogate, which may be unpaired. Exports write pairs as characters. */
const hasEscapedSurrogate = (json: string): boolean => /(?<!\\)(?:\\\\)*\\ud[89a-f][0-9a-f]{2}/i.test(json);
