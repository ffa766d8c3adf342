import { type Directory, employment, person } from "./directory.ts";
import type { Exchange } from "./load.ts";

/** One kind of request, measured in one directory. */
export interface Row {
  readonly name: string;
  readonly users: number;
  /** In one round. */
  readonly requests: number;
  /** At most so many times the floor. */
  readonly goal?: number;
  /** Every call gives the next request of its kind. */
  readonly exchange: () => Exchange;
}

export const addToTen = "PATCH group of 10, add one member";
export const addToLarge = "PATCH group of 100,000, add one member";

/** What is measured in a directory, reads before writes. */
export function rowsFor(directory: Directory): Row[] {
  const { userIds, looseUserIds, tenGroupIds, largeGroupId } = directory;
  const users = userIds.length;
  const { get, post, addMember } = requestsWith(directory.secret);
  const page = (startIndex: number): Exchange =>
    get(`/scim/v2/Users?count=100&startIndex=${startIndex}`, `"startIndex":${startIndex},"itemsPerPage":100`);

  const reads = [
    { name: "Token check alone, GET /api/whoami", requests: 500, exchange: () => get("/api/whoami", '"actor"') },
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
      name: 'GET users, userName eq "…" in capitals',
      requests: 500,
      goal: 2,
      exchange: counted((at) => {
        const filter = encodeURIComponent(`userName eq "PERSON.${(at * stride) % users}@EXAMPLE.COM"`);
        return get(`/scim/v2/Users?filter=${filter}`, '"totalResults":1,');
      }),
    },
    { name: "GET users, first 100", requests: 100, goal: 11, exchange: () => page(1) },
    { name: "GET users, last 100", requests: 100, goal: 11, exchange: () => page(users + looseUserIds.length - 99) },
  ];
  const writes = [
    {
      name: addToTen,
      requests: 200,
      goal: 5.5,
      // Ten requests to one group, then ten to the next: clients meet in a group as they do in the large one.
      exchange: counted((at) => {
        const group = Math.floor(at / 10);
        return addMember(nth(tenGroupIds, group), nth(userIds, group + 10 + (at % 10)));
      }),
    },
    ...(largeGroupId === undefined
      ? []
      : [
          {
            name: addToLarge,
            requests: 200,
            goal: 5.5,
            exchange: counted((at) => addMember(largeGroupId, nth(looseUserIds, at))),
          },
        ]),
    { name: "POST a user", requests: 200, goal: 8, exchange: counted((at) => post(`new${at}`)) }, // the directory grows
  ];
  return [...reads, ...writes].map((row) => ({ ...row, users }));
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
  return {
    get: (path: string, holds: string): Exchange => ({
      method: "GET",
      path,
      headers: { authorization },
      status: 200,
      holds,
    }),
    post: (name: string): Exchange => {
      const content = { schemas: [userUrn, enterpriseUrn], ...person(name), [enterpriseUrn]: employment };
      return send("POST", "/scim/v2/Users", content, 201, '"id":"usr_');
    },
    addMember: (groupId: string, memberId: string): Exchange => {
      const add = { op: "add", path: "members", value: [{ value: memberId }] };
      const content = { schemas: [`${urn}:api:messages:2.0:PatchOp`], Operations: [add] };
      return send("PATCH", `/scim/v2/Groups/${groupId}`, content, 204, "");
    },
  };
}

function counted(exchange: (at: number) => Exchange): () => Exchange {
  let at = 0;
  return () => exchange(at++);
}

/** A prime, so that every place of a directory comes up and neighbours in time are none on disk. */
const stride = 7919;

function nth(ids: readonly string[], at: number): string {
  const id = ids[at];
  if (id === undefined) throw new Error(`the directory was made for ${ids.length} such requests`);
  return id;
}
