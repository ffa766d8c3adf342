import { buildUserAttributes, type Directory, enterpriseFields, manyGroupsCount } from "./directory.ts";
import type { BenchRequest } from "./load.ts";

/** One kind of request, measured in one directory. */
export interface BenchRow {
  readonly name: string;
  /** Number of requests in one round. */
  readonly requests: number;
  /** Highest accepted multiple of the floor. */
  readonly goal?: number;
  /**
   * Returns the next request.
   * @param previousResponse body of the previous response, for cursor-based pagination
   */
  readonly nextRequest: (previousResponse?: string) => BenchRequest;
  /** Sent once, sequentially and without warm-up: requests that read everything or can run only once. */
  readonly isOnce?: boolean;
}

/** Names of the rows that other modules refer to. */
export const tokenCheck = "Token check alone, GET /api/whoami";
export const userNameEquals = 'GET users, userName eq "…" in capitals';
export const firstPage = "GET users, first 100";
export const addToSmallGroup = "PATCH group of 10, add one member";
export const addToLargeGroup = "PATCH group of all users, add one member";

/** Returns the rows to measure in a directory, reads before writes. */
export function rowsFor(directory: Directory): BenchRow[] {
  const { userIds, ungroupedUserIds, smallGroupIds, everyoneId, groupToDeleteId, manyGroupsUserId, nestedUserId } =
    directory;
  const users = userIds.length;
  let total = users + ungroupedUserIds.length + 2; // plus the users that are created
  const { get, post, patchMembers, remove } = requestBuilders(directory.secret);
  const page = (startIndex: number): BenchRequest =>
    get(`/scim/v2/Users?count=100&startIndex=${startIndex}`, `"startIndex":${startIndex},"itemsPerPage":100`);
  const nextUngroupedUserId = withCounter((at) => idAt(ungroupedUserIds, at));
  const add = (groupId: string, ids: readonly string[]): BenchRequest =>
    patchMembers(groupId, { op: "add", path: "members", value: ids.map((value) => ({ value })) });

  const reads: BenchRow[] = [
    { name: tokenCheck, requests: 500, nextRequest: () => get("/api/whoami", '"actor"') },
    {
      name: "GET one user",
      requests: 500,
      goal: 1.5,
      nextRequest: withCounter((at) => {
        const id = idAt(userIds, (at * stride) % users);
        return get(`/scim/v2/Users/${id}`, id);
      }),
    },
    {
      name: "GET one user without groups",
      requests: 500,
      nextRequest: withCounter((at) => {
        const id = idAt(userIds, (at * stride) % users);
        return get(`/scim/v2/Users/${id}?excludedAttributes=groups`, id);
      }),
    },
    {
      name: "GET one user, groups five deep",
      requests: 200,
      nextRequest: () => get(`/scim/v2/Users/${nestedUserId}`, '"indirect"'),
    },
    {
      name: `GET one user in ${manyGroupsCount.toLocaleString("en")} groups`,
      requests: 10,
      nextRequest: () => get(`/scim/v2/Users/${manyGroupsUserId}`, '"direct"'),
    },
    {
      name: userNameEquals,
      requests: 500,
      goal: 1.8,
      nextRequest: withCounter((at) => {
        const filter = encodeURIComponent(`userName eq "PERSON.${(at * stride) % users}@EXAMPLE.COM"`);
        return get(`/scim/v2/Users?filter=${filter}`, '"totalResults":1,');
      }),
    },
    { name: firstPage, requests: 100, goal: 8, nextRequest: () => page(1) },
    {
      name: "GET users, first 100, without groups",
      requests: 100,
      nextRequest: () => get("/scim/v2/Users?count=100&excludedAttributes=groups", '"itemsPerPage":100'),
    },
    { name: "GET users, last 100", requests: 100, goal: 8, nextRequest: () => page(total - 99) },
    {
      name: "All users, pages of 100 by index",
      requests: Math.ceil(total / 100),
      isOnce: true,
      nextRequest: withCounter((at) => page(at * 100 + 1)),
    },
    {
      name: "All users, pages of 100 by cursor",
      requests: Math.ceil(total / 100),
      isOnce: true,
      nextRequest: (previousResponse = "") => {
        const cursor = /"nextCursor":"([^"]+)"/.exec(previousResponse.slice(0, 2000))?.[1] ?? "";
        return get(`/scim/v2/Users?count=100&cursor=${cursor}`, '"itemsPerPage":100');
      },
    },
    {
      name: "GET group of all users, without members",
      requests: 200,
      nextRequest: () => get(`/scim/v2/Groups/${everyoneId}?excludedAttributes=members`, everyoneId),
    },
    {
      name: "GET group of all users, with members",
      requests: 2,
      isOnce: true,
      nextRequest: () => get(`/scim/v2/Groups/${everyoneId}`, idAt(userIds, users - 1)),
    },
    {
      name: 'GET groups, members.value eq "…"',
      requests: 200,
      nextRequest: withCounter((at) => {
        const filter = encodeURIComponent(`members.value eq "${idAt(userIds, users - 1 - (at % 100))}"`);
        return get(`/scim/v2/Groups?filter=${filter}&excludedAttributes=members`, everyoneId);
      }),
    },
  ];
  const writes: BenchRow[] = [
    {
      name: addToSmallGroup,
      requests: 200,
      goal: 4.5,
      // Ten requests to one group, then ten to the next, so that clients contend for a group as they do for the large
      // one. The added users are not among the first ones, because the first page must keep its number of groups.
      nextRequest: withCounter((at) => add(idAt(smallGroupIds, Math.floor(at / 10)), [nextUngroupedUserId()])),
    },
    { name: addToLargeGroup, requests: 200, goal: 4.5, nextRequest: () => add(everyoneId, [nextUngroupedUserId()]) },
    {
      name: "PATCH group of all users, remove one member",
      requests: 50,
      // Removes the first members; the row above filters by the last ones.
      nextRequest: withCounter((at) =>
        patchMembers(everyoneId, { op: "remove", path: `members[value eq "${idAt(userIds, at)}"]` }),
      ),
    },
    {
      name: "PATCH group of all users, add 1,000 members",
      requests: 4,
      isOnce: true,
      nextRequest: () => add(everyoneId, Array.from({ length: 1000 }, nextUngroupedUserId)),
    },
    {
      name: "POST a user",
      requests: 200,
      goal: 7,
      nextRequest: withCounter((at) => {
        total++;
        return post(`new${at}`);
      }),
    },
    {
      name: "DELETE group of all users",
      requests: 1,
      isOnce: true,
      nextRequest: () => remove(`Groups/${groupToDeleteId}`),
    },
    {
      name: `DELETE a user in ${manyGroupsCount.toLocaleString("en")} groups`,
      requests: 1,
      isOnce: true,
      nextRequest: () => remove(`Users/${manyGroupsUserId}`),
    },
  ];
  return [...reads, ...writes];
}

const urn = "urn:ietf:params:scim";
const userUrn = `${urn}:schemas:core:2.0:User`;
const enterpriseUrn = `${urn}:schemas:extension:enterprise:2.0:User`;

function requestBuilders(secret: string) {
  const authorization = `Bearer ${secret}`;
  const send = (method: string, path: string, content: unknown, status: number, expectedText: string): BenchRequest => {
    const body = JSON.stringify(content);
    const headers = { authorization, "content-type": "application/scim+json" };
    return { method, path, headers, body, status, expectedText };
  };
  const withoutBody = (method: string, path: string, status: number, expectedText: string): BenchRequest => ({
    method,
    path,
    headers: { authorization },
    status,
    expectedText,
  });
  return {
    get: (path: string, expectedText: string): BenchRequest => withoutBody("GET", path, 200, expectedText),
    remove: (path: string): BenchRequest => withoutBody("DELETE", `/scim/v2/${path}`, 204, ""),
    post: (name: string): BenchRequest => {
      const content = {
        schemas: [userUrn, enterpriseUrn],
        ...buildUserAttributes(name),
        [enterpriseUrn]: enterpriseFields,
      };
      return send("POST", "/scim/v2/Users", content, 201, '"id":"usr_');
    },
    patchMembers: (groupId: string, operation: object): BenchRequest => {
      const content = { schemas: [`${urn}:api:messages:2.0:PatchOp`], Operations: [operation] };
      return send("PATCH", `/scim/v2/Groups/${groupId}`, content, 204, "");
    },
  };
}

/** Returns a request that is logged, and a query that finds it in the request log. */
export function loggedRequest(secret: string): { readonly request: BenchRequest; readonly logQuery: BenchRequest } {
  const id = `bench-${Date.now()}`;
  const { get } = requestBuilders(secret);
  const request = get("/scim/v2/ServiceProviderConfig", "");
  return {
    request: { ...request, headers: { ...request.headers, "x-request-id": id } },
    logQuery: get(`/api/request-log?requestId=${id}`, id),
  };
}

function withCounter<T>(next: (at: number) => T): () => T {
  let at = 0;
  return () => next(at++);
}

/** A prime, so that every position of a directory is used and consecutive requests are not neighbors on disk. */
const stride = 7919;

function idAt(ids: readonly string[], at: number): string {
  const id = ids[at];
  if (id === undefined) throw new Error(`the directory supports only ${ids.length} of these requests`);
  return id;
}
