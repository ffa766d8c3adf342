import { patchUrn, userUrn } from "../test/support/service.ts";
import { type BenchRequest, connectionCount, runLoad, send } from "./load.ts";
import { startService } from "./server.ts";
import { openEmptyStore, type StoreName } from "./stores.ts";

/** The result of one worst case. */
export interface WorstCaseResult {
  readonly store: StoreName;
  readonly name: string;
  readonly requests: number;
  /** The longest time for which the event loop of the service was held, in milliseconds. */
  readonly longestHoldMs: number;
  /** Of the CPU time of its main thread. */
  readonly longestHoldCpuMs: number;
  /** Peak memory of the service up to the end of the case. */
  readonly peakMiB: number;
}

/** The most that clients with default limits may cause. */
export const worstCaseGoals = { longestHoldMs: 100, peakMiB: 600 };

/** The largest requests that one kind of caller can send with default limits. */
interface WorstCase {
  readonly name: string;
  readonly prepare?: (send: (request: BenchRequest) => Promise<string>) => Promise<void>;
  readonly requests: number;
  readonly nextRequest: (at: number) => BenchRequest;
}

/**
 * Sends the most expensive requests, eight at once, and measures how long the event loop is held and how much memory the
 * service takes.
 * @param requestsFactor 1, or less for a short run
 * @param options.only measures only the cases with this string in their name, after the preparation of those before
 * @param options.profile a directory for CPU profiles of the service
 */
export async function measureWorstCases(
  store: StoreName,
  requestsFactor: number,
  { only = "", profile }: { readonly only?: string | undefined; readonly profile?: string | undefined },
  logProgress: (line: string) => void,
): Promise<readonly WorstCaseResult[]> {
  const testStore = await openEmptyStore(store);
  const service = await startService({ ...testStore.environment, AUTH_SECRET: secret }, profile);
  const results: WorstCaseResult[] = [];
  try {
    const sendPrepared = async (request: BenchRequest): Promise<string> => {
      const { status, text } = await send(service.port, request);
      if (status === request.status) return text;
      throw new Error(`${request.method} ${request.path} returned ${status} ${text.slice(0, 500)}`);
    };
    const cases = worstCases();
    const last = cases.findLastIndex(({ name }) => name.includes(only));
    for (const { name, prepare, requests, nextRequest } of cases.slice(0, last + 1)) {
      await prepare?.(sendPrepared);
      if (!name.includes(only)) continue;
      await service.watchEventLoop();
      let at = 0;
      const count = Math.max(connectionCount, Math.ceil(requests * requestsFactor));
      await runLoad(service.port, () => nextRequest(at++), count);
      const { longestHoldMs, longestHoldCpuMs, peakMiB } = await service.readUse();
      results.push({ store, name, requests: count, longestHoldMs, longestHoldCpuMs, peakMiB });
      logProgress(
        `${store}: ${name}: held ${longestHoldMs.toFixed(0)} ms (CPU ${longestHoldCpuMs.toFixed(0)} ms), peak ${peakMiB.toFixed(0)} MiB`,
      );
    }
    return results;
  } finally {
    await service.stop();
    await testStore.dispose();
  }
}

const secret = "worst-cases-of-the-benchmark-0123456789";
const ada = { "x-user-email": "ada@example.com" };

function toRequest(
  method: string,
  path: string,
  content?: unknown,
  { status = 200, expectedText = "", headers = {}, orRejected }: Partial<BenchRequest> = {},
): BenchRequest {
  const body = content === undefined ? undefined : JSON.stringify(content);
  return {
    ...{ method, path, status, expectedText },
    headers: {
      authorization: `Bearer ${secret}`,
      ...headers,
      ...(body !== undefined && {
        "content-type": path.startsWith("/scim") ? "application/scim+json" : "application/json",
      }),
    },
    ...(body !== undefined && { body }),
    ...(orRejected && { orRejected }),
  };
}

/** The response to a query that reaches its time limit: the database does the work, and the service only waits. */
const orTooMany = { orRejected: { status: 400, expectedText: '"tooMany"' } };

const text = (length: number): string => "x".repeat(length);
const range = <T>(length: number, item: (at: number) => T): T[] => Array.from({ length }, (_, at) => item(at));

/** About two million characters, the most that a skill can have. */
const largestSkill = (slug: string) => ({
  ...{ slug, name: slug, content: text(100_000) },
  files: range(20, (at) => ({ path: `${at}.md`, content: text(100_000) })),
});

/** A tool list of almost a million characters, with as many different names as are accepted. */
const largestServer = (slug: string, version: number) => ({
  ...{ slug, name: slug, status: "active", transport: "http", url: "https://mcp.example/" },
  assignment: { everyone: true },
  tools: range(500, (at) => ({
    name: `tool_${at}`,
    description: `${version} ${text(500)}`,
    inputSchema: {
      type: "object",
      properties: Object.fromEntries(
        range(18, (property) => [`p_${at}_${property}`, { type: "string", description: text(20) }]),
      ),
    },
  })),
});

/** About 55,000 characters in 1,800 values, close to the most that a user can have. */
const largestUser = (userName: string) => ({
  ...{ schemas: [userUrn], userName },
  ...Object.fromEntries(
    ["emails", "phoneNumbers", "ims", "photos", "roles", "entitlements"].map((name) => [
      name,
      range(100, (at) => ({ value: `${at}@${text(50)}.example`, type: "work" })),
    ]),
  ),
});

/** The worst cases, in an order in which each finds what those before it have created. */
function worstCases(): readonly WorstCase[] {
  const skillCount = 15;
  const serverCount = 8;
  const userIds: string[] = [];
  let groupId = "";
  const createUsers = async (sendPrepared: (request: BenchRequest) => Promise<string>): Promise<void> => {
    for (let start = 0; start < 50_000; start += 1000) {
      const Operations = range(1000, (at) => ({
        ...{ method: "POST", path: "/Users", bulkId: `b${at}` },
        data: { schemas: [userUrn], userName: `person-${start + at}` },
      }));
      const schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
      const response = await sendPrepared(toRequest("POST", "/scim/v2/Bulk", { schemas, Operations }));
      const { Operations: results } = JSON.parse(response) as { Operations: { location: string }[] };
      userIds.push(...results.map(({ location }) => location.slice(location.lastIndexOf("/") + 1)));
    }
    const group = toRequest("POST", "/scim/v2/Groups", { displayName: "All", members: [] }, { status: 201 });
    groupId = (JSON.parse(await sendPrepared(group)) as { id: string }).id;
  };
  const wideFilter = range(5, (at) => `displayName co "${at}" or name.familyName ew "${at}"`).join(" or ");
  return [
    {
      name: "POST and PATCH own skills of two million characters",
      prepare: async (sendPrepared) => {
        await sendPrepared(toRequest("POST", "/api/users", { userName: "ada@example.com" }, { status: 201 }));
        for (const at of range(skillCount, (each) => each))
          await sendPrepared(toRequest("POST", "/api/skills", largestSkill(`s-${at}`), { status: 201, headers: ada }));
      },
      requests: 64,
      nextRequest: (at) =>
        toRequest(
          "PATCH",
          `/api/skills/s-${at % skillCount}`,
          { ...largestSkill(`s-${at % skillCount}`), description: `v${at}` },
          { headers: ada },
        ),
    },
    {
      name: "GET own skills with content, pages of 100",
      requests: 64,
      nextRequest: () => toRequest("GET", "/api/skills?limit=100&include=content,files", undefined, { headers: ada }),
    },
    {
      name: "GET audit events, pages of 100",
      requests: 64,
      nextRequest: () => toRequest("GET", "/api/audit-events?limit=100"),
    },
    {
      name: "PUT an MCP server with 500 tools, a million characters",
      prepare: async (sendPrepared) => {
        for (let at = 0; at < serverCount; at++) {
          await sendPrepared(
            toRequest("PUT", `/api/mcp-servers/m-${at}`, largestServer(`m-${at}`, 0), { status: 201 }),
          );
        }
      },
      requests: 32,
      nextRequest: (at) => {
        const slug = `m-${at % serverCount}`;
        return toRequest("PUT", `/api/mcp-servers/${slug}`, largestServer(slug, at + 1));
      },
    },
    {
      name: "GET MCP servers, pages of 100",
      requests: 64,
      nextRequest: () => toRequest("GET", "/api/mcp-servers?limit=100"),
    },
    {
      name: "MCP tools/list of 4,000 tools, eight million characters",
      requests: 32,
      nextRequest: () =>
        toRequest(
          "POST",
          "/mcp?mode=tools",
          { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} },
          { headers: { ...ada, "mcp-protocol-version": "2025-06-18" }, expectedText: '"nextCursor"' },
        ),
    },
    {
      name: "POST /Users of 60,000 characters in 1,800 values",
      requests: 200,
      nextRequest: (at) => toRequest("POST", "/scim/v2/Users", largestUser(`wide-${at}`), { status: 201 }),
    },
    {
      name: "GET /Users of 60,000 characters, pages of 1,000",
      requests: 64,
      nextRequest: () => toRequest("GET", "/scim/v2/Users?count=1000"),
    },
    {
      name: "POST /Bulk with 1,000 users",
      prepare: createUsers,
      requests: 16,
      nextRequest: (at) =>
        toRequest("POST", "/scim/v2/Bulk", {
          schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
          Operations: range(1000, (each) => ({
            ...{ method: "POST", path: "/Users", bulkId: `b${each}` },
            data: { schemas: [userUrn], userName: `bulk-${at}-${each}` },
          })),
        }),
    },
    {
      name: "PATCH a group, replace 50,000 members",
      requests: 16,
      nextRequest: (at) =>
        toRequest(
          "PATCH",
          `/scim/v2/Groups/${groupId}`,
          {
            schemas: [patchUrn],
            Operations: [{ op: "replace", path: "members", value: userIds.slice(at % 2).map((value) => ({ value })) }],
          },
          { status: 204 },
        ),
    },
    {
      name: "PATCH a group, remove by a filter on 50,000 members",
      requests: 16,
      nextRequest: () =>
        toRequest(
          "PATCH",
          `/scim/v2/Groups/${groupId}`,
          { schemas: [patchUrn], Operations: [{ op: "remove", path: 'members[type eq "Group"]' }] },
          { status: 204 },
        ),
    },
    {
      name: "GET a group with 50,000 members",
      requests: 64,
      nextRequest: () => toRequest("GET", `/scim/v2/Groups/${groupId}`),
    },
    {
      name: "GET /Users with ten comparisons that no index serves",
      requests: 16,
      nextRequest: () =>
        toRequest("GET", `/scim/v2/Users?count=1000&filter=${encodeURIComponent(wideFilter)}`, undefined, orTooMany),
    },
    {
      name: "GET /Users sorted by an attribute without an index",
      requests: 32,
      nextRequest: () => toRequest("GET", "/scim/v2/Users?count=1000&sortBy=name.givenName", undefined, orTooMany),
    },
    {
      name: "Export of the audit log",
      requests: 16,
      nextRequest: () => toRequest("GET", "/api/audit-events/export"),
    },
    {
      name: "POST /Groups of five million brackets, rejected",
      requests: 32,
      nextRequest: () => ({
        ...toRequest("POST", "/scim/v2/Groups", {}, { status: 400 }),
        body: "[".repeat(5_000_000),
      }),
    },
    {
      name: "POST of 300,000 values, rejected",
      requests: 32,
      nextRequest: () =>
        toRequest(
          "POST",
          "/api/skills",
          { slug: "x", name: "x", content: "x", files: range(290_000, () => 1) },
          { status: 400 },
        ),
    },
  ];
}
