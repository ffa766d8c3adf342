import { AppError } from "../../../errors.ts";
import { patchUrn } from "../../../scim/patch/message.ts";
import { groupSchema } from "../../../scim/schema/resource-schema.ts";
import { quoteName } from "../../../scim/values/json.ts";
import { toAppError } from "../../server/error-mapping.ts";
import type { ScimContext } from "../context.ts";
import type { Endpoint, ScimResponse } from "../endpoint.ts";
import { buildProjection, type Projection } from "../projection.ts";
import type { RemovalWatch } from "../removals.ts";
import { type DeferredAddition, splitDeferred, toAddOperations } from "./circular-references.ts";
import { buildExecutionRounds } from "./execution-order.ts";
import type { BulkEntry, BulkOperation, BulkRequest } from "./message.ts";
import { resolveDataReferences, resolveReference, unresolvedReference } from "./references.ts";

/** The result of an operation. An error with a location and a version means: created, but not completed. */
export type OperationOutcome = Partial<Pick<ScimResponse, "status" | "location" | "version">> & {
  readonly error?: AppError;
};

type LocationBuilder = (endpoint: Endpoint, id: string) => string | undefined;

/**
 * Executes a bulk request, one operation after the other, each as a separate change (RFC 7644 section 3.7). In a cycle
 * of references, a resource is created without the references that have no id yet, and completed by a second change
 * once the other resources exist (section 3.7.1).
 */
export class BulkJob {
  readonly #context: ScimContext;
  readonly #request: BulkRequest;
  readonly #buildLocation: LocationBuilder;
  readonly #watchRemovals: RemovalWatch;
  readonly #creatorIndexByBulkId: ReadonlyMap<string, number>;
  readonly #outcomes: (OperationOutcome | undefined)[];
  readonly #idByBulkId = new Map<string, string>();
  readonly #deferredAdditions = new Map<number, readonly DeferredAddition[]>();
  #errorCount = 0;
  #unavailableError: AppError | undefined;

  constructor(
    context: ScimContext,
    request: BulkRequest,
    { buildLocation, watchRemovals }: { readonly buildLocation: LocationBuilder; readonly watchRemovals: RemovalWatch },
  ) {
    this.#context = context;
    this.#request = request;
    this.#buildLocation = buildLocation;
    this.#watchRemovals = watchRemovals;
    this.#outcomes = request.entries.map(() => undefined);
    this.#creatorIndexByBulkId = new Map(
      request.entries.flatMap(({ method, bulkId }, index) =>
        method === "POST" && bulkId !== undefined ? [[bulkId, index]] : [],
      ),
    );
  }

  /** @returns the outcome of each operation; undefined if failOnErrors stopped the request before it */
  async run(): Promise<readonly (OperationOutcome | undefined)[]> {
    for (const round of buildExecutionRounds(this.#request.entries.map(referencesIn), this.#creatorIndexByBulkId)) {
      for (const index of round) {
        const entry = this.#request.entries[index];
        if (entry && !this.#isStopped) this.#recordOutcome(index, await this.#execute(entry, index));
      }
      // Created resources are completed, or reported as incomplete, even after failOnErrors stopped the request.
      for (const index of round) {
        const additions = this.#deferredAdditions.get(index);
        if (additions) this.#recordOutcome(index, await this.#complete(index, additions));
      }
      if (this.#isStopped) break;
    }
    return this.#outcomes;
  }

  get #isStopped(): boolean {
    return this.#errorCount >= this.#request.failOnErrors;
  }

  #recordOutcome(index: number, outcome: OperationOutcome): void {
    this.#outcomes[index] = outcome;
    if (!outcome.error) return;
    this.#errorCount++;
    if (outcome.error.code === "unavailable") this.#unavailableError ??= outcome.error;
  }

  async #execute({ operation, bulkId, invalid }: BulkEntry, index: number): Promise<OperationOutcome> {
    let location: string | undefined;
    try {
      if (operation instanceof AppError) {
        if (!invalid) throw this.#unavailableError ?? operation;
        location = this.#buildLocation(invalid.endpoint, invalid.id);
        return await this.#watchRemovals(this.#context, invalid, () => {
          throw this.#unavailableError ?? operation;
        });
      }
      const id = operation.id === undefined ? undefined : resolveReference(operation.id, this.#resolveId);
      if (id !== undefined) location = this.#buildLocation(operation.endpoint, id);
      // The client repeats the whole request. Waiting for an unavailable store once per operation has no benefit.
      if (this.#unavailableError) throw this.#unavailableError;
      const response = await (id === undefined
        ? this.#create(operation, bulkId, index)
        : this.#watchRemovals(this.#context, toTarget(operation, id), () => this.#modify(operation, id)));
      return { ...(location !== undefined && { location }), ...response };
    } catch (error) {
      return { ...(location !== undefined && { location }), error: toAppError(error) };
    }
  }

  async #create(
    { endpoint, method, data, references }: BulkOperation,
    bulkId = "",
    index: number,
  ): Promise<ScimResponse> {
    if (references.has(bulkId) && endpoint.schema === groupSchema) {
      throw new AppError("invalid-value", "A group cannot be its own member.", {
        field: "members",
      });
    }
    const pendingBulkIds = new Set([...references].filter((each) => this.#isPending(each)));
    const { immediate, deferred } =
      pendingBulkIds.size > 0
        ? splitDeferred(data, endpoint.schema, pendingBulkIds)
        : { immediate: data, deferred: [] };
    const response = await endpoint.create(
      this.#context,
      resolveDataReferences({ method, data: immediate }, this.#resolveId),
      await this.#projection(endpoint),
    );
    if (response.location !== undefined) this.#idByBulkId.set(bulkId, lastSegment(response.location));
    if (deferred.length > 0) this.#deferredAdditions.set(index, deferred);
    return response;
  }

  async #modify(operation: BulkOperation, id: string): Promise<ScimResponse> {
    const { endpoint, method, expected } = operation;
    if (method === "DELETE") return endpoint.remove(this.#context, id, expected);
    const data = resolveDataReferences(operation, this.#resolveId);
    const change = method === "PUT" ? endpoint.replace : endpoint.patch;
    return change.call(endpoint, this.#context, id, data, expected, await this.#projection(endpoint));
  }

  async #complete(index: number, additions: readonly DeferredAddition[]): Promise<OperationOutcome> {
    const created = this.#outcomes[index] ?? {};
    const { operation, bulkId = "" } = this.#request.entries[index] ?? {};
    if (!operation || operation instanceof AppError) return created;
    const { endpoint } = operation;
    try {
      if (this.#unavailableError) throw this.#unavailableError;
      const data = { schemas: [patchUrn], Operations: toAddOperations(additions, this.#resolveId) };
      const { version } = await endpoint.patch(
        this.#context,
        this.#resolveId(bulkId),
        data,
        undefined,
        await this.#projection(endpoint),
      );
      return { ...created, ...(version !== undefined && { version }) };
    } catch (error) {
      const { code, message, details } = toAppError(error);
      const missingPaths = additions.map(({ path }) => quoteName(path)).join(", ");
      const detail = `The resource was created, but ${missingPaths} could not be set completely: ${message}`;
      return { ...created, error: new AppError(code, detail, details, error) };
    }
  }

  /** Bulk responses do not contain resources, but the schema of the projection reads the input. */
  async #projection(endpoint: Endpoint): Promise<Projection> {
    return buildProjection(await endpoint.schemaOf(this.#context.caller.organizationId), undefined, undefined);
  }

  /** Whether the operation that creates this resource has not run yet. */
  #isPending(bulkId: string): boolean {
    const creator = this.#creatorIndexByBulkId.get(bulkId);
    return creator !== undefined && this.#outcomes[creator] === undefined;
  }

  readonly #resolveId = (bulkId: string): string => {
    const id = this.#idByBulkId.get(bulkId);
    if (id === undefined) throw unresolvedReference(bulkId, this.#creatorIndexByBulkId.has(bulkId));
    return id;
  };
}

const referencesIn = ({ operation }: BulkEntry): ReadonlySet<string> =>
  operation instanceof AppError ? new Set() : operation.references;

const toTarget = ({ endpoint, method, data }: BulkOperation, id: string) => ({
  endpoint,
  id,
  method: method === "POST" ? ("PATCH" as const) : method, // a POST has no id
  body: data,
});

const lastSegment = (location: string): string => location.slice(location.lastIndexOf("/") + 1);
