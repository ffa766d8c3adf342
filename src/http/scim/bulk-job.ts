import type { Caller } from "../../domain/caller.ts";
import { AppError } from "../../errors.ts";
import { faultOf } from "../faults.ts";
import { type Addition, additionsWithIds, divide } from "./bulk-circle.ts";
import type { BulkEntry, BulkOperation, BulkRequest } from "./bulk-message.ts";
import { roundsOf } from "./bulk-order.ts";
import { dataWithIds, idWith, notCreated } from "./bulk-references.ts";
import type { Answer, Endpoint } from "./endpoint.ts";
import { shown } from "./json.ts";
import { patchUrn } from "./patch-message.ts";
import { projectionOf } from "./projection.ts";
import { groupSchema } from "./schema.ts";

/** What has come of one operation. Refused with a location and a version: it was created, and not completed. */
export type Outcome = Partial<Pick<Answer, "status" | "location" | "version">> & { readonly refused?: AppError };

type LocationOf = (endpoint: Endpoint, id: string) => string | undefined;

/**
 * One bulk request being carried out, operation by operation, each a change of its own (RFC 7644 section 3.7). In a
 * circle of references a resource is created without those that nobody can know yet, and is completed by a second
 * change as soon as the others are there (section 3.7.1).
 */
export class BulkJob {
  readonly #caller: Caller;
  readonly #request: BulkRequest;
  readonly #locationOf: LocationOf;
  readonly #creators: ReadonlyMap<string, number>;
  readonly #outcomes: (Outcome | undefined)[];
  readonly #ids = new Map<string, string>();
  readonly #incomplete = new Map<number, readonly Addition[]>();
  #errors = 0;
  #unavailable: AppError | undefined;

  constructor(caller: Caller, request: BulkRequest, locationOf: LocationOf) {
    this.#caller = caller;
    this.#request = request;
    this.#locationOf = locationOf;
    this.#outcomes = request.entries.map(() => undefined);
    this.#creators = new Map(
      request.entries.flatMap(({ method, bulkId }, at) =>
        method === "POST" && bulkId !== undefined ? [[bulkId, at]] : [],
      ),
    );
  }

  /** @returns for each operation its outcome; undefined when failOnErrors ended the request before its turn */
  async run(): Promise<readonly (Outcome | undefined)[]> {
    for (const round of roundsOf(this.#request.entries.map(referencesOf), this.#creators)) {
      for (const at of round) {
        const entry = this.#request.entries[at];
        if (entry && !this.#isOver) this.#note(at, await this.#carryOut(entry, at));
      }
      // What has been begun is completed, or says that it is not, also when nothing further is begun.
      for (const at of round) {
        const additions = this.#incomplete.get(at);
        if (additions) this.#note(at, await this.#complete(at, additions));
      }
      if (this.#isOver) break;
    }
    return this.#outcomes;
  }

  get #isOver(): boolean {
    return this.#errors >= this.#request.failOnErrors;
  }

  #note(at: number, outcome: Outcome): void {
    this.#outcomes[at] = outcome;
    if (!outcome.refused) return;
    this.#errors++;
    if (outcome.refused.fault === "unavailable") this.#unavailable ??= outcome.refused;
  }

  async #carryOut({ operation, bulkId }: BulkEntry, at: number): Promise<Outcome> {
    if (operation instanceof AppError) return { refused: this.#unavailable ?? operation };
    let location: string | undefined;
    try {
      const id = operation.id === undefined ? undefined : idWith(operation.id, this.#idOf);
      if (id !== undefined) location = this.#locationOf(operation.endpoint, id);
      // Who provisions tries all of it again; nothing is gained by asking a store that is away for each of them.
      if (this.#unavailable) throw this.#unavailable;
      const answer = await (id === undefined ? this.#create(operation, bulkId, at) : this.#change(operation, id));
      return { ...(location !== undefined && { location }), ...answer };
    } catch (error) {
      return { ...(location !== undefined && { location }), refused: faultOf(error) };
    }
  }

  async #create({ endpoint, method, data, references }: BulkOperation, bulkId = "", at: number): Promise<Answer> {
    if (references.has(bulkId) && endpoint.schema === groupSchema) {
      throw new AppError("invalid-value", "A member cannot be added: a group cannot be its own member.", {
        field: "members",
      });
    }
    const ahead = new Set([...references].filter((each) => this.#isAhead(each)));
    const { now, later } = ahead.size > 0 ? divide(data, endpoint.schema, ahead) : { now: data, later: [] };
    const answer = await endpoint.create(this.#caller, dataWithIds({ method, data: now }, this.#idOf), plain(endpoint));
    if (answer.location !== undefined) this.#ids.set(bulkId, lastSegment(answer.location));
    if (later.length > 0) this.#incomplete.set(at, later);
    return answer;
  }

  #change(operation: BulkOperation, id: string): Promise<Answer> {
    const { endpoint, method, expected } = operation;
    if (method === "DELETE") return endpoint.remove(this.#caller, id, expected);
    const data = dataWithIds(operation, this.#idOf);
    const change = method === "PUT" ? endpoint.replace : endpoint.patch;
    return change.call(endpoint, this.#caller, id, data, expected, plain(endpoint));
  }

  async #complete(at: number, additions: readonly Addition[]): Promise<Outcome> {
    const created = this.#outcomes[at] ?? {};
    const { operation, bulkId = "" } = this.#request.entries[at] ?? {};
    if (!operation || operation instanceof AppError) return created;
    const { endpoint } = operation;
    try {
      if (this.#unavailable) throw this.#unavailable;
      const data = { schemas: [patchUrn], Operations: additionsWithIds(additions, this.#idOf) };
      const { version } = await endpoint.patch(this.#caller, this.#idOf(bulkId), data, undefined, plain(endpoint));
      return { ...created, ...(version !== undefined && { version }) };
    } catch (error) {
      const { fault, message, details } = faultOf(error);
      const without = additions.map(({ path }) => shown(path)).join(", ");
      const detail = `It has been created, without all of its ${without}: ${message}`;
      return { ...created, refused: new AppError(fault, detail, details, error) };
    }
  }

  /** Whether an operation that has not had its turn is to create this. */
  #isAhead(bulkId: string): boolean {
    const creator = this.#creators.get(bulkId);
    return creator !== undefined && this.#outcomes[creator] === undefined;
  }

  readonly #idOf = (bulkId: string): string => {
    const id = this.#ids.get(bulkId);
    if (id === undefined) throw notCreated(bulkId, this.#creators.has(bulkId));
    return id;
  };
}

const referencesOf = ({ operation }: BulkEntry): ReadonlySet<string> =>
  operation instanceof AppError ? new Set() : operation.references;

/** The resource itself is in no bulk answer. */
const plain = ({ schema }: Endpoint) => projectionOf(schema, undefined, undefined);

const lastSegment = (location: string): string => location.slice(location.lastIndexOf("/") + 1);
