import supertest from "supertest";
import { createApp } from "../../../src/app.ts";
import { readConfig } from "../../../src/config.ts";
import { operatorActor } from "../../../src/domain/audit/record.ts";
import { parseImportedSecret } from "../../../src/domain/tokens/legacy/legacy.ts";
import { type ExportOptions, exportData } from "../../../src/domain/transfer/export.ts";
import { listen } from "../../../src/http/server/listen.ts";
import { createLog } from "../../../src/log.ts";
import type { Store } from "../../../src/store/store.ts";
import { openSqliteTestStore } from "../../store/sqlite/sqlite.fixture.ts";
import type { OpenTestStore, TestStore } from "../../store/test-store.fixture.ts";
import { trackSecret } from "../../support/secrets.ts";
import { type Agent, startService } from "../../support/service.ts";

const environment = {
  PUBLIC_URL: "https://gatehouse.example",
  RATE_LIMIT: "off",
  CREDENTIAL_KEY: Buffer.alloc(32, 7).toString("base64"),
};

const urn = "urn:example:params:scim:schemas:extension:2.0:Employee";

/** A store with records of every collection that exports contain, and the secrets of its tokens. */
export interface FilledStore extends TestStore {
  readonly secrets: {
    readonly admin: string;
    readonly personal: string;
    /** Imported from another service, without a checksum. */
    readonly legacy: string;
  };
  readonly organizationId: string;
}

/** Fills a store through the service, and stops the service. */
export async function openFilledStore(open: OpenTestStore = openSqliteTestStore): Promise<FilledStore> {
  let opened: TestStore | undefined;
  const service = await startService({
    environment,
    open: async (options) => {
      opened = await open(options);
      return { ...opened, store: opened.store, dispose: async () => undefined };
    },
  });
  if (!opened) throw new Error("the service has opened no store");
  const { organizationId } = service;
  const admin = (await service.issueToken({ scopes: ["all"] })).secret;
  const agent = service.clientWithSecret(admin);
  await agent
    .put(`/api/scim-extensions/${urn}`)
    .send({
      resourceType: "User",
      attributes: [
        { name: "badge", indexed: true },
        { name: "hiredAt", type: "dateTime" },
      ],
    })
    .expect(201);
  const createUser = async (body: object): Promise<string> =>
    (
      await agent
        .post("/scim/v2/Users")
        .send({ schemas: [], ...body })
        .expect(201)
    ).body.id;
  const ada = await createUser({
    ...{
      userName: "Ada@Example.com",
      displayName: "Ada Ünïcode \u{1f600}",
      name: { givenName: "Ada", familyName: "Q" },
    },
    ...{ emails: [{ value: "ada@example.com", primary: true }], externalId: "00u1" },
    [urn]: { badge: "B-7", hiredAt: "2020-02-03T00:00:00Z" },
  });
  const bob = await createUser({ userName: "bob", active: false });
  const createGroup = async (displayName: string, ids: readonly string[]): Promise<string> => {
    const members = ids.map((value) => ({ value }));
    return (await agent.post("/scim/v2/Groups").send({ displayName, members }).expect(201)).body.id;
  };
  const inner = await createGroup("Inner", [ada, bob]);
  await createGroup("Outer", [inner, bob]);
  const inputSchema = { type: "object", properties: { zeta: { type: "string" }, alpha: { type: "number" } } };
  await agent
    .put("/api/mcp-servers/jira")
    .send({
      ...{ name: "Jira", transport: "http", url: "https://jira.example", auth: { type: "apiKey" }, status: "active" },
      ...{ tools: [{ name: "search", inputSchema }], assignment: { groups: [inner], users: [ada] } },
    })
    .expect(201);
  await agent.put("/api/mcp-servers/jira/credential").send({ value: "Bearer upstream-secret" }).expect(200);
  await agent
    .put("/api/skills/release")
    .send({ name: "Release", content: "Write notes. ".repeat(6000) })
    .expect(201);
  await agent.put("/api/commands/greet").send({ name: "Greet", template: "Hello" }).expect(201);
  await agent
    .put("/api/toolkits/work")
    .send({ name: "Work", entries: [{ mcpServer: "jira" }], skills: ["release"], commands: ["greet"] })
    .expect(201);
  await agent
    .put("/api/policies/deny")
    .send({ name: "Deny", effect: "deny", subjects: { users: [bob] }, resources: { skills: ["release"] } })
    .expect(201);
  const personal = (await service.issueToken({ scopes: ["connect:write"], type: "agent", userId: ada })).secret;
  const own = service.clientWithSecret(personal);
  await own.put("/api/connections/jira").send({ account: "ada" }).expect(201);
  await own
    .put("/api/skills/mine")
    .send({ name: "Mine", content: "x".repeat(5000) })
    .expect(201);
  const legacy = trackSecret("a-script-has-sent-this-for-years");
  const imported = parseImportedSecret(legacy, false, { prefix: "wxt" });
  await service.domain.tokens.import(organizationId, operatorActor, { name: "old", scopes: ["admin:read"] }, imported);
  await agent.get("/scim/v2/Users/usr_none").expect(404);
  const second = await service.createOrganization("second");
  const other = await service.clientWithScopes(["all"], second);
  await other.post("/scim/v2/Users").send({ userName: "ada@example.com" }).expect(201);
  await service.dispose();
  return Object.assign(opened, { secrets: { admin, personal, legacy }, organizationId });
}

export const everything: ExportOptions = { hasLogs: true, hasCredentials: true };

/** Exports to a string. */
export async function exportToString(store: Store, options: ExportOptions = everything): Promise<string> {
  const parts: string[] = [];
  await exportData(store, options, async (chunk) => void parts.push(chunk));
  return parts.join("");
}

/** Yields a string in parts that do not end with lines. */
export async function* inParts(text: string, partLength = 1000): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += partLength) yield bytes.subarray(from, from + partLength);
}

/** Runs the service on a store while `work` runs. @param work receives a function that creates a client */
export async function withServiceOn(
  store: Store,
  work: (client: (secret: string) => Agent) => Promise<void>,
): Promise<void> {
  const app = await createApp(store, readConfig(environment), createLog("error"));
  const server = await listen(app.handler, { host: "127.0.0.1", port: 0 });
  try {
    await work(
      (secret) =>
        supertest.agent(`http://127.0.0.1:${server.port}`).set("Authorization", `Bearer ${secret}`) as unknown as Agent,
    );
  } finally {
    await server.close();
    await app.close();
  }
}
