import type { User } from "../../../schemas/user.ts";
import type { Caller } from "../../domain/caller.ts";
import type { GroupOfUser } from "../../domain/people/known-groups.ts";
import type { Memberships } from "../../domain/people/memberships.ts";
import type { UserAttributes, Users } from "../../domain/people/users.ts";
import type { ExpectedVersion } from "../../domain/precondition.ts";
import { type Page, type Query, type RecordText, recordText } from "../../domain/query.ts";
import { AppError, isFault } from "../../errors.ts";
import type { Answer, Endpoint, Text } from "./endpoint.ts";
import { inboundUser, outboundAttributes } from "./inbound.ts";
import type { JsonObject } from "./json.ts";
import { patchedUser } from "./patch.ts";
import { patchOperations } from "./patch-message.ts";
import type { Projection } from "./projection.ts";
import type { Renderer } from "./render.ts";
import { userSchema } from "./schema.ts";
import { storedValue } from "./stored.ts";

/** Users in one piece of an answer: each piece costs, and after some of them others have their turn. */
const pieceUsers = 20;

/** RFC 7644 section 3 for users: each operation reads, asks the domain, and answers. */
export class UserEndpoint implements Endpoint {
  readonly schema = userSchema;
  readonly #users: Users;
  readonly #memberships: Memberships;
  readonly #renderer: Renderer;

  constructor(users: Users, memberships: Memberships, renderer: Renderer) {
    this.#users = users;
    this.#memberships = memberships;
    this.#renderer = renderer;
  }

  find(caller: Caller, query: Query): Promise<Page<RecordText>> {
    return this.#users.texts(caller.organizationId).list(query);
  }

  valueAt(user: RecordText, path: string): ReturnType<typeof storedValue> {
    return storedValue({ ...user, ...JSON.parse(user.json) }, path);
  }

  render({ organizationId }: Caller, users: readonly RecordText[], projection: Projection): Text {
    return users.length > pieceUsers
      ? this.#pieces(organizationId, users, projection)
      : this.#text(organizationId, users, projection);
  }

  async create(caller: Caller, body: unknown, projection: Projection): Promise<Answer> {
    const user = await this.#users.create(caller, inboundUser(body), "scim");
    return this.#answer(201, recordText(user), projection);
  }

  async read({ organizationId }: Caller, id: string, projection: Projection): Promise<Answer> {
    const user = await this.#users.texts(organizationId).get(id);
    if (!user) throw new AppError("not-found", "There is no such user.");
    return this.#answer(200, user, projection);
  }

  async replace(
    caller: Caller,
    id: string,
    body: unknown,
    expected: ExpectedVersion | undefined,
    projection: Projection,
  ): Promise<Answer> {
    const attributes = inboundUser(body);
    return this.#changed(await this.#users.update(caller, id, expected, () => attributes, "scim"), projection);
  }

  async patch(
    caller: Caller,
    id: string,
    body: unknown,
    expected: ExpectedVersion | undefined,
    projection: Projection,
  ): Promise<Answer> {
    const operations = patchOperations(body);
    const revise = (current: JsonObject): UserAttributes =>
      inboundUser(patchedUser(id, outboundAttributes(current), operations));
    const user = await this.#users.update(caller, id, expected, revise, "scim");
    return this.#changed(user, projection);
  }

  async remove(caller: Caller, id: string, expected: ExpectedVersion | undefined): Promise<Answer> {
    await this.#users.remove(caller, id, expected, "scim");
    return { status: 204 };
  }

  #answer(status: Answer["status"], user: RecordText, projection: Projection): Answer {
    return {
      status,
      location: this.#renderer.location("Users", user.id),
      version: user.version,
      body: () => this.#text(user.organizationId, [user], projection),
    };
  }

  /** What is done is not answered with a refusal: a user in more groups than can be shown is shown without them. */
  #changed(changed: User, projection: Projection): Answer {
    const user = recordText(changed);
    const body = (): Promise<string> =>
      this.#text(user.organizationId, [user], projection).catch((error: unknown) => {
        if (isFault(error, "query-too-expensive")) return this.#renderer.users(projection)(user);
        throw error;
      });
    return { ...this.#answer(200, user, projection), body };
  }

  async #text(organizationId: string, users: readonly RecordText[], projection: Projection): Promise<string> {
    const groups = await this.#groupsOf(organizationId, users, projection);
    return textOf(users, groups, this.#renderer.users(projection));
  }

  async *#pieces(organizationId: string, users: readonly RecordText[], projection: Projection): AsyncGenerator<string> {
    const groups = await this.#groupsOf(organizationId, users, projection);
    const rendered = this.#renderer.users(projection);
    for (let from = 0; from < users.length; from += pieceUsers) {
      if (from > 0) yield ",";
      yield textOf(users.slice(from, from + pieceUsers), groups, rendered);
    }
  }

  /** A user's groups are read only where they are shown. */
  async #groupsOf(
    organizationId: string,
    users: readonly RecordText[],
    projection: Projection,
  ): Promise<ReadonlyMap<string, readonly GroupOfUser[]>> {
    if (!projection.shows("groups")) return new Map();
    return this.#memberships.groupsOf(
      organizationId,
      users.map(({ id }) => id),
    );
  }
}

/** The texts of these users, with commas between them. */
function textOf(
  users: readonly RecordText[],
  groups: ReadonlyMap<string, readonly GroupOfUser[]>,
  rendered: ReturnType<Renderer["users"]>,
): string {
  let text = "";
  for (const user of users) text += (text && ",") + rendered(user, groups.get(user.id));
  return text;
}
