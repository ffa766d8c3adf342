import type { Caller } from "../../domain/caller.ts";
import type { ExpectedVersion } from "../../domain/precondition.ts";
import { AppError, type ErrorCode, hasErrorCode } from "../../errors.ts";
import { type PatchOperation, parsePatchOperations } from "../../scim/patch/message.ts";
import type { ResourceSchema } from "../../scim/schema/resource-schema.ts";
import type { Page, Query } from "../../store/query.ts";
import type { ScimContext } from "./context.ts";
import type { Endpoint, ResponseText, ScimResponse, StoredResource } from "./endpoint.ts";
import type { Projection } from "./projection.ts";
import type { ResourceRenderer } from "./render.ts";

export interface VersionedResource extends StoredResource {
  readonly version: number;
}

/** How one resource type is stored, changed and rendered. `Item` is the type of its stored records. */
export interface ResourceBinding<Item extends VersionedResource> {
  readonly schema: ResourceSchema;
  schemaOf(organizationId: string): Promise<ResourceSchema>;
  /** What a PATCH without `attributes` returns: 200 with the resource, or 204 (RFC 7644 section 3.5.2). */
  readonly patchStatus: 200 | 204;
  list(organizationId: string, query: Query): Promise<Page<Item>>;
  get(organizationId: string, id: string): Promise<Item | undefined>;
  /** @param schema of this and the other writes: the resource type with the extensions of the organization */
  create(context: ScimContext, body: unknown, schema: ResourceSchema): Promise<Item>;
  replace(
    context: ScimContext,
    id: string,
    expected: ExpectedVersion | undefined,
    body: unknown,
    schema: ResourceSchema,
  ): Promise<Item>;
  patch(
    context: ScimContext,
    id: string,
    expected: ExpectedVersion | undefined,
    operations: readonly PatchOperation[],
    schema: ResourceSchema,
  ): Promise<Item>;
  remove(caller: Caller, id: string, expected: ExpectedVersion | undefined): Promise<void>;
  /** Reads the single value at a stored path; null if there is none. */
  valueAt(item: Item, path: string): string | number | boolean | null;
  /** Renders a list as JSON objects, separated by commas. */
  renderList(organizationId: string, items: readonly Item[], projection: Projection): ResponseText;
  /** Renders a resource that was just created. */
  renderCreated(item: Item, projection: Projection): ResponseText;
  /** Renders a resource that was read. */
  render(item: Item, projection: Projection): ResponseText;
  /** Renders a resource after a change. The change is stored, so rendering must not fail for its cost. */
  renderUpdated(item: Item, projection: Projection): ResponseText;
}

/** The errors of an invalid body. */
const invalidCodes: ReadonlySet<ErrorCode> = new Set([
  "invalid-request",
  "invalid-value",
  "invalid-path",
  "invalid-filter",
  "mutability",
  "no-target",
  "too-large",
]);

/** The operations of RFC 7644 section 3 on one resource type. */
export class ResourceEndpoint<Item extends VersionedResource> implements Endpoint {
  readonly schema: ResourceSchema;
  readonly #binding: ResourceBinding<Item>;
  readonly #renderer: ResourceRenderer;

  constructor(binding: ResourceBinding<Item>, renderer: ResourceRenderer) {
    this.schema = binding.schema;
    this.#binding = binding;
    this.#renderer = renderer;
  }

  schemaOf(organizationId: string): Promise<ResourceSchema> {
    return this.#binding.schemaOf(organizationId);
  }

  list({ organizationId }: Caller, query: Query): Promise<Page<Item>> {
    return this.#binding.list(organizationId, query);
  }

  valueAt(item: Item, path: string): string | number | boolean | null {
    return this.#binding.valueAt(item, path);
  }

  render({ organizationId }: Caller, items: readonly Item[], projection: Projection): ResponseText {
    return this.#binding.renderList(organizationId, items, projection);
  }

  async create(context: ScimContext, body: unknown, projection: Projection): Promise<ScimResponse> {
    const item = await this.#binding.create(context, body, projection.schema);
    return this.#toResponse(201, item, () => this.#binding.renderCreated(item, projection));
  }

  async read({ organizationId }: Caller, id: string, projection: Projection): Promise<ScimResponse> {
    const item = await this.#binding.get(organizationId, id);
    if (!item) throw this.#notFound();
    return this.#toResponse(200, item, () => this.#binding.render(item, projection));
  }

  async replace(
    context: ScimContext,
    id: string,
    body: unknown,
    expected: ExpectedVersion | undefined,
    projection: Projection,
  ): Promise<ScimResponse> {
    const item = await this.#requireTarget(context, id, () =>
      this.#binding.replace(context, id, expected, body, projection.schema),
    );
    return this.#toResponse(200, item, () => this.#binding.renderUpdated(item, projection));
  }

  async patch(
    context: ScimContext,
    id: string,
    body: unknown,
    expected: ExpectedVersion | undefined,
    projection: Projection,
  ): Promise<ScimResponse> {
    const item = await this.#requireTarget(context, id, async () =>
      this.#binding.patch(context, id, expected, parsePatchOperations(body), projection.schema),
    );
    if (this.#binding.patchStatus === 204 && !projection.isExplicit) return this.#toResponse(204, item);
    return this.#toResponse(200, item, () => this.#binding.renderUpdated(item, projection));
  }

  async remove({ caller }: ScimContext, id: string, expected: ExpectedVersion | undefined): Promise<ScimResponse> {
    await this.#binding.remove(caller, id, expected);
    return { status: 204 };
  }

  /**
   * Runs a change. If it fails for another reason, the error for a resource that does not exist is still `not-found`: a
   * client creates the resource again only then.
   */
  async #requireTarget({ caller }: ScimContext, id: string, change: () => Promise<Item>): Promise<Item> {
    try {
      return await change();
    } catch (error) {
      const isInvalid = hasErrorCode(error) && invalidCodes.has(error.code);
      if (isInvalid && !(await this.#binding.get(caller.organizationId, id))) throw this.#notFound();
      throw error;
    }
  }

  #notFound(): AppError {
    return new AppError("not-found", `${this.schema.type} not found.`);
  }

  #toResponse(status: ScimResponse["status"], { id, version }: Item, body?: () => ResponseText): ScimResponse {
    const location = this.#renderer.location(this.schema.endpoint, id);
    return body ? { status, location, version, body } : { status, location, version };
  }
}
