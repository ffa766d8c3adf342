import type { UserAttributes } from "../../../schemas/user.ts";
import type { Memberships } from "../../domain/directory/memberships.ts";
import type { Users } from "../../domain/directory/users.ts";
import { hasErrorCode } from "../../errors.ts";
import { isLong } from "../../own-tick.ts";
import { applyUserPatch } from "../../scim/patch/user-patch.ts";
import type { OrganizationSchemas } from "../../scim/schema/organization-schemas.ts";
import { type ResourceSchema, userSchema } from "../../scim/schema/resource-schema.ts";
import { completeExtensions } from "../../scim/values/extension-values.ts";
import { hasDeclaredExtensions, parseUser, toScimAttributes } from "../../scim/values/inbound.ts";
import type { JsonObject } from "../../scim/values/json.ts";
import { readField } from "../../store/fields.ts";
import { type GroupOfUser, type RawRecord, toRawRecord } from "../../store/record.ts";
import type { ResponseText } from "./endpoint.ts";
import type { InputReader } from "./input.ts";
import type { Projection } from "./projection.ts";
import type { ResourceRenderer } from "./render.ts";
import { ResourceEndpoint } from "./resource-endpoint.ts";

/** `/Users`. Users are read and rendered as raw JSON, which is most of what a list costs. */
export function userEndpoint(
  users: Users,
  memberships: Memberships,
  input: InputReader,
  renderer: ResourceRenderer,
  schemas: OrganizationSchemas,
): ResourceEndpoint<RawRecord> {
  const schemaOf = (organizationId: string): Promise<ResourceSchema> => schemas.get(organizationId, "User");
  const userRenderer = new UserRenderer(memberships, renderer, schemaOf);
  return new ResourceEndpoint<RawRecord>(
    {
      schema: userSchema,
      schemaOf,
      patchStatus: 200,
      list: (organizationId, query) => users.openRaw(organizationId).list(query),
      get: (organizationId, id) => users.openRaw(organizationId).get(id),
      async create(context, body, schema) {
        const known = await input.readBody(context, body, schema);
        const attributes = completeExtensions(parseUser(known, schema), undefined, schema, "replace");
        return toRawRecord(await users.create(context.caller, attributes, "scim"));
      },
      async replace(context, id, expected, body, schema) {
        const attributes = parseUser(await input.readBody(context, body, schema), schema);
        const revise = (current: JsonObject): UserAttributes =>
          completeExtensions(attributes, current, schema, "replace");
        return toRawRecord(await users.update(context.caller, id, expected, revise, "scim"));
      },
      async patch(context, id, expected, requested, schema) {
        const operations = await input.readOperations(context, requested, schema);
        const options = { canReplaceAdd: await input.canReplaceAdd(context, operations) };
        const revise = (current: JsonObject): UserAttributes => {
          const patched = applyUserPatch(id, toScimAttributes(current, schema), operations, schema, options);
          return completeExtensions(parseUser(patched, schema), current, schema, "patch");
        };
        return toRawRecord(await users.update(context.caller, id, expected, revise, "scim"));
      },
      async remove(caller, id, expected) {
        await users.remove(caller, id, expected, "scim");
      },
      valueAt: (user, path) => readField({ ...user, ...JSON.parse(user.json) }, path),
      renderList: (organizationId, items, projection) => userRenderer.renderList(organizationId, items, projection),
      renderCreated: (user, projection) => userRenderer.renderWithoutGroups(user, projection), // of no group yet,
      render: (user, projection) => userRenderer.render(user.organizationId, [user], projection),
      renderUpdated: (user, projection) => userRenderer.renderUpdated(user, projection),
    },
    renderer,
  );
}

/** Users in one chunk of a streamed list. Every chunk has a cost; between two chunks other requests get their turn. */
const usersPerChunk = 20;

/** Renders users together with their groups. The groups are read only if the projection includes them. */
class UserRenderer {
  readonly #memberships: Memberships;
  readonly #renderer: ResourceRenderer;
  readonly #schemaOf: (organizationId: string) => Promise<ResourceSchema>;

  constructor(
    memberships: Memberships,
    renderer: ResourceRenderer,
    schemaOf: (organizationId: string) => Promise<ResourceSchema>,
  ) {
    this.#memberships = memberships;
    this.#renderer = renderer;
    this.#schemaOf = schemaOf;
  }

  renderList(organizationId: string, users: readonly RawRecord[], projection: Projection): ResponseText {
    return users.length > usersPerChunk
      ? this.#stream(organizationId, users, projection)
      : this.render(organizationId, users, projection);
  }

  async render(organizationId: string, users: readonly RawRecord[], projection: Projection): Promise<string> {
    const groups = await this.#findGroups(organizationId, users, projection);
    const schema = await this.#findSchema(organizationId, users, projection);
    return joinUsers(users, groups, this.#renderer.createUserRenderer(projection, schema));
  }

  async renderWithoutGroups(user: RawRecord, projection: Projection): Promise<string> {
    const schema = await this.#findSchema(user.organizationId, [user], projection);
    return this.#renderer.createUserRenderer(projection, schema)(user);
  }

  /** The change is stored, so a user in more groups than can be resolved is rendered without them. */
  async renderUpdated(user: RawRecord, projection: Projection): Promise<string> {
    try {
      return await this.render(user.organizationId, [user], projection);
    } catch (error) {
      if (!hasErrorCode(error, "query-too-expensive")) throw error;
      return this.renderWithoutGroups(user, projection);
    }
  }

  async *#stream(organizationId: string, users: readonly RawRecord[], projection: Projection): AsyncGenerator<string> {
    const groups = await this.#findGroups(organizationId, users, projection);
    const schema = await this.#findSchema(organizationId, users, projection);
    const renderUser = this.#renderer.createUserRenderer(projection, schema);
    let isFirst = true;
    for (const chunk of toRenderedChunks(users)) {
      if (!isFirst) yield ",";
      isFirst = false;
      yield joinUsers(chunk, groups, renderUser);
    }
  }

  /** Reads the extensions of the organization only for users that have values of them, which saves others a read. */
  async #findSchema(
    organizationId: string,
    users: readonly RawRecord[],
    { schema }: Projection,
  ): Promise<ResourceSchema> {
    if (schema !== userSchema || !users.some(({ json }) => hasDeclaredExtensions(json))) return schema;
    return this.#schemaOf(organizationId);
  }

  async #findGroups(
    organizationId: string,
    users: readonly RawRecord[],
    projection: Projection,
  ): Promise<ReadonlyMap<string, readonly GroupOfUser[]>> {
    if (!projection.includes("groups")) return new Map();
    return this.#memberships.groupsOf(
      organizationId,
      users.map(({ id }) => id),
    );
  }
}

/** Divides the users of a page, so that rendering and sending a chunk takes a few milliseconds. */
function* toRenderedChunks(users: readonly RawRecord[]): Generator<readonly RawRecord[]> {
  let chunk: RawRecord[] = [];
  let length = 0;
  for (const user of users) {
    chunk.push(user);
    length += user.json.length;
    if (chunk.length < usersPerChunk && !isLong(length)) continue;
    yield chunk;
    chunk = [];
    length = 0;
  }
  if (chunk.length > 0) yield chunk;
}

function joinUsers(
  users: readonly RawRecord[],
  groups: ReadonlyMap<string, readonly GroupOfUser[]>,
  renderUser: ReturnType<ResourceRenderer["createUserRenderer"]>,
): string {
  let json = "";
  for (const user of users) json += (json && ",") + renderUser(user, groups.get(user.id));
  return json;
}
