import { type Directory, employment, groupsOfJoiner, person } from "./directory.ts";
import type { Exchange } from "./load.ts";

/** One kind of request, measured in one directory. */
export interface Row {
  readonly name: string;
  /** In one round. */
  readonly requests: number;
  /** At most so many times the floor. */
  readonly goal?: number;
  /**
   * Gives the next request of its kind.
   * @param answer to the one before, for a walk along cursors
   */
  readonly exchange: (answer?: string) => Exchange;
  /** Sent once, one after another, and not warmed up: what reads everything, and what can be done only once. */
  readonly isOnce?: boolean;
}

export const tokenCheck = "Token check alone, GET /api/whoami";
export const eqName = 'GET users, userName eq "…" in capitals';
export const firstPage = "GET users, first 100";
export const addToTen = "PATCH group of 10, add one member";
export const addToAll = "PATCH group of all users, add one member";

/** What is measured in a directory, reads before writes. */
export function rowsFor(directory: Directory): Row[] {
  const { userIds, looseUserIds, tenGroupIds, everyoneId, doomedGroupId, joinerId, nestedUserId } = directory;
  const users = userIds.length;
  let total = users + looseUserIds.length + 2; // and those that are posted
  const { get, post, patchMembers, remove } = requestsWith(directory.secret);
  const page = (startIndex: number): Exchange =>
    get(`/scim/v2/Users?count=100&startIndex=${startIndex}`, `"startIndex":${startIndex},"itemsPerPage":100`);
  const loose = counted((at) => nth(looseUserIds, at));
  const add = (groupId: string, ids: readonly string[]): Exchange =>
    patchMembers(groupId, { op: "add", path: "members", value: ids.map((value) => ({ value })) });

  const reads: Row[] = [
    { name: tokenCheck, requests: 500, exchange: () => get("/api/whoami", '"actor"') },
    {
      name: "GET one user",
      requests: 500,
      goal: 1.7,
      exchange: counted((at) => {
        const id = nth(userIds, (at * stride) % users);
        return get(`/scim/v2/Users/${id}`, id);
      }),
    },
    {
      name: "GET one user without groups",
      requests: 500,
      exchange: counted((at) => {
        const id = nth(userIds, (at * stride) % users);
        return get(`/scim/v2/Users/${id}?excludedAttributes=groups`, id);
      }),
    },
    {
      name: "GET one user, groups five deep",
      requests: 200,
      exchange: () => get(`/scim/v2/Users/${nestedUserId}`, '"indirect"'),
    },
    {
      name: `GET one user in ${groupsOfJoiner.toLocaleString("en")} groups`,
      requests: 10,
      exchange: () => get(`/scim/v2/Users/${joinerId}`, '"direct"'),
    },
    {
      name: eqName,
      requests: 500,
      goal: 2,
      exchange: counted((at) => {
        const filter = encodeURIComponent(`userName eq "PERSON.${(at * stride) % users}@EXAMPLE.COM"`);
        return get(`/scim/v2/Users?filter=${filter}`, '"totalResults":1,');
      }),
    },
    { name: firstPage, requests: 100, goal: 11, exchange: () => page(1) },
    {
      name: "GET users, first 100, without groups",
      requests: 100,
      exchange: () => get("/scim/v2/Users?count=100&excludedAttributes=groups", '"itemsPerPage":100'),
    },
    { name: "GET users, last 100", requests: 100, goal: 11, exchange: () => page(total - 99) },
    {
      name: "All users, pages of 100 by index",
      requests: Math.ceil(total / 100),
      isOnce: true,
      exchange: counted((at) => page(at * 100 + 1)),
    },
    {
      name: "All users, pages of 100 by cursor",
      requests: Math.ceil(total / 100),
      isOnce: true,
      exchange: (answer = "") => {
        const cursor = /"nextCursor":"([^"]+)"/.exec(answer.slice(0, 2000))?.[1] ?? "";
        return get(`/scim/v2/Users?count=100&cursor=${cursor}`, '"itemsPerPage":100');
      },
    },
    {
      name: "GET group of all users, without members",
      requests: 200,
      exchange: () => get(`/scim/v2/Groups/${everyoneId}?excludedAttributes=members`, everyoneId),
    },
    {
      name: "GET group of all users, with members",
      requests: 2,
      isOnce: true,
      exchange: () => get(`/scim/v2/Groups/${everyoneId}`, nth(userIds, users - 1)),
    },
    {
      name: 'GET groups, members.value eq "…"',
      requests: 200,
      exchange: counted((at) => {
        const filter = encodeURIComponent(`members.value eq "${nth(userIds, users - 1 - (at % 100))}"`);
        return get(`/scim/v2/Groups?filter=${filter}&excludedAttributes=members`, everyoneId);
      }),
    },
  ];
  const writes: Row[] = [
    {
      name: addToTen,
      requests: 200,
      goal: 5.5,
      // Ten requests to one group, then ten to the next: clients meet in a group as they do in the large one. Who is
      // added is none of the first users, whose groups are as many as the page of them says.
      exchange: counted((at) => add(nth(tenGroupIds, Math.floor(at / 10)), [loose()])),
    },
    { name: addToAll, requests: 200, goal: 5.5, exchange: () => add(everyoneId, [loose()]) },
    {
      name: "PATCH group of all users, remove one member",
      requests: 50,
      // From the first on; the last are asked about above.
      exchange: counted((at) =>
        patchMembers(everyoneId, { op: "remove", path: `members[value eq "${nth(userIds, at)}"]` }),
      ),
    },
    {
      name: "PATCH group of all users, add 1,000 members",
      requests: 4,
      isOnce: true,
      exchange: () => add(everyoneId, Array.from({ length: 1000 }, loose)),
    },
    {
      name: "POST a user",
      requests: 200,
      goal: 8,
      exchange: counted((at) => {
        total++;
        return post(`new${at}`);
      }),
    },
    { name: "DELETE group of all users", requests: 1, isOnce: true, exchange: () => remove(`Groups/${doomedGroupId}`) },
    {
      name: `DELETE a user in ${groupsOfJoiner.toLocaleString("en")} groups`,
      requests: 1,
      isOnce: true,
      exchange: () => remove(`Users/${joinerId}`),
    },
  ];
  return [...reads, ...writes];
}

const urn = "urn:ietf:params:scim";
const userUrn = `${urn}:schemas:core:2.0:User`;
const enterpriseUrn = `${urn}:schemas:extension:enterprise:2.0:User`;

function requestsWith(secret: string) {
  const authorization = `Bearer ${secret}`;
  const send = (method: string, path: string, content: unknown, status: number, holds: string): Exchange => {
    const body = JSON.stringify(content);
    const length = String(Buffer.byteLength(body));
    const headers = { authorization, "content-type": "application/scim+json", "content-length": length };
    return { method, path, headers, body, status, holds };
  };
  const bare = (method: string, path: string, status: number, holds: string): Exchange => ({
    method,
    path,
    headers: { authorization },
    status,
    holds,
  });
  return {
    get: (path: string, holds: string): Exchange => bare("GET", path, 200, holds),
    remove: (path: string): Exchange => bare("DELETE", `/scim/v2/${path}`, 204, ""),
    post: (name: string): Exchange => {
      const content = { schemas: [userUrn, enterpriseUrn], ...person(name), [enterpriseUrn]: employment };
      return send("POST", "/scim/v2/Users", content, 201, '"id":"usr_');
    },
    patchMembers: (groupId: string, operation: object): Exchange => {
      const content = { schemas: [`${urn}:api:messages:2.0:PatchOp`], Operations: [operation] };
      return send("PATCH", `/scim/v2/Groups/${groupId}`, content, 204, "");
    },
  };
}

/** A request that is logged, and how to look whether it is in the log by now. */
export function loggedRequest(secret: string): { readonly ask: Exchange; readonly look: Exchange } {
  const id = `bench-${Date.now()}`;
  const { get } = requestsWith(secret);
  const ask = get("/scim/v2/ServiceProviderConfig", "");
  return {
    ask: { ...ask, headers: { ...ask.headers, "x-request-id": id } },
    look: get(`/api/request-log?requestId=${id}`, id),
  };
}

function counted<T>(next: (at: number) => T): () => T {
  let at = 0;
  return () => next(at++);
}

/** A prime, so that every place of a directory comes up and neighbours in time are none on disk. */
const stride = 7919;

function nth(ids: readonly string[], at: number): string {
  const id = ids[at];
  if (id === undefined) throw new Error(`the directory was made for ${ids.length} such requests`);
  return id;
}
