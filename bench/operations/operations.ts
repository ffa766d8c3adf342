import { patchUrn, userUrn } from "../../test/support/service.ts";
import { mcpRequest } from "../mcp-requests.ts";
import type { LoadRequest, Operation, Send } from "./load.ts";

/** What the operations need, and what they have written. */
export interface MixedLoad {
  readonly operations: readonly Operation[];
  /** The users whose creation was acknowledged: id -> the title of the last acknowledged change. */
  readonly acknowledged: ReadonlyMap<string, string | undefined>;
}

const scimType = "application/scim+json";

/** Returns a request to the SCIM API or to `/api`. */
export function toRequest(
  secret: string,
  method: string,
  path: string,
  { status = 200, body, expectedText }: { status?: number; body?: object; expectedText?: string } = {},
): LoadRequest {
  const type = path.startsWith("/scim/") ? scimType : "application/json";
  return {
    ...{ method, path, status },
    headers: { authorization: `Bearer ${secret}`, ...(body && { "content-type": type }) },
    ...(body && { body: JSON.stringify(body) }),
    ...(expectedText !== undefined && { expectedText }),
  };
}

const newUser = (userName: string) => ({
  ...{ schemas: [userUrn], userName, active: true },
  emails: [{ value: userName, type: "work", primary: true }],
});

/**
 * Prepares an organization and returns the mixed load of its clients: provisioning, reads of `/api`, and tools of `/mcp`.
 * @param send to any replica
 * @param secret of a token with full access
 */
export async function createMixedLoad(send: Send, secret: string): Promise<MixedLoad> {
  const userName = "ada@example.com";
  const ada = await send(toRequest(secret, "POST", "/scim/v2/Users", { status: 201, body: newUser(userName) })).then(
    readId,
  );
  await send(toRequest(secret, "PUT", "/api/mcp-servers/tracker", { status: 201, body: mcpServer }));
  const personal = { name: "MCP client", type: "mcp", scopes: ["connect:read"], userId: ada };
  const { token } = JSON.parse(await send(toRequest(secret, "POST", "/api/tokens", { status: 201, body: personal })));
  const acknowledged = new Map<string, string | undefined>();
  let count = 0;
  const operations: readonly Operation[] = [
    {
      name: "SCIM GET",
      run: async (each) => {
        await each(toRequest(secret, "GET", `/scim/v2/Users/${ada}`, { expectedText: ada }));
      },
    },
    {
      name: "SCIM POST and PATCH",
      run: async (each) => {
        const number = ++count;
        const body = newUser(`person-${number}@example.com`);
        const id = readId(await each(toRequest(secret, "POST", "/scim/v2/Users", { status: 201, body })));
        acknowledged.set(id, undefined);
        const title = `Engineer ${number}`;
        const patch = { schemas: [patchUrn], Operations: [{ op: "replace", path: "title", value: title }] };
        await each(toRequest(secret, "PATCH", `/scim/v2/Users/${id}`, { body: patch, expectedText: title }));
        acknowledged.set(id, title);
      },
    },
    {
      name: "SCIM filter",
      run: async (each) => {
        const filter = encodeURIComponent(`userName eq "${userName}"`);
        await each(toRequest(secret, "GET", `/scim/v2/Users?filter=${filter}`, { expectedText: ada }));
      },
    },
    {
      name: "/api list",
      run: async (each) => {
        await each(toRequest(secret, "GET", "/api/users?limit=20", { expectedText: '"pagination"' }));
      },
    },
    {
      name: "/mcp tools/list",
      run: async (each) => {
        const list = mcpRequest("2026-07-28", "tools/list", { secret: token, expectedText: "tracker__search" });
        await each(list);
      },
    },
  ];
  return { operations, acknowledged };
}

/** Returns the acknowledged users that a service does not have as they were acknowledged. */
export async function findLost(
  send: Send,
  secret: string,
  { acknowledged }: Pick<MixedLoad, "acknowledged">,
): Promise<readonly string[]> {
  const stored = new Map<string, string | undefined>();
  for (let startIndex = 1; ; startIndex += 1000) {
    const path = `/scim/v2/Users?startIndex=${startIndex}&count=1000&attributes=id,title`;
    const { Resources = [] } = JSON.parse(await send(toRequest(secret, "GET", path)));
    for (const { id, title } of Resources) stored.set(id, title);
    if (Resources.length < 1000) break;
  }
  return [...acknowledged].flatMap(([id, title]) =>
    stored.has(id) && (title === undefined || stored.get(id) === title) ? [] : [id],
  );
}

const mcpServer = {
  ...{ name: "Tracker", status: "active", transport: "http", url: "https://tracker.example/mcp" },
  tools: [
    { name: "search", description: "Searches the issues of a project.", inputSchema: { type: "object" }, risk: "read" },
  ],
  assignment: { everyone: true, groups: [], users: [] },
};

const readId = (text: string): string => JSON.parse(text).id;
