import { PassThrough } from "node:stream";
import type { Express } from "express";
import supertest from "supertest";
import type { Scope } from "../../schemas/token.ts";
import { createApp } from "../../src/app.ts";
import { type Environment, readConfig } from "../../src/config.ts";
import { operatorActor } from "../../src/domain/audit/record.ts";
import type { NewToken } from "../../src/domain/tokens/issue/new-token.ts";
import { listen } from "../../src/http/server/listen.ts";
import { createLog } from "../../src/log.ts";
import { createDomain } from "../../src/operator-domain.ts";
import { collections } from "../../src/store/collections.ts";
import type { Store } from "../../src/store/store.ts";
import { openSqliteTestStore } from "../store/sqlite/sqlite.fixture.ts";
import type { OpenTestStore } from "../store/test-store.fixture.ts";
import { recordExchange } from "./responses.ts";
import { assertNoSecrets, trackSecret } from "./secrets.ts";

export const userUrn = "urn:ietf:params:scim:schemas:core:2.0:User";
export const groupUrn = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const patchUrn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
export const enterpriseUrn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

export type Agent = ReturnType<typeof supertest.agent>;

/** The real service on a real store, in this process, on its own port. */
export interface Service {
  readonly store: Store;
  readonly port: number;
  /** The app that serves the requests, with its routes. */
  readonly handler: Express;
  readonly organizationId: string;
  /** Creates a client with a token of these scopes, by default of the organization `default`. */
  clientWithScopes(scopes: readonly Scope[], organizationId?: string): Promise<Agent>;
  /** Creates a client that sends this credential, or none. */
  clientWithSecret(secret?: string): Agent;
  issueToken(
    wanted: Partial<NewToken> & Pick<NewToken, "scopes">,
    organizationId?: string,
  ): Promise<{ id: string; secret: string }>;
  createOrganization(slug: string): Promise<string>;
  domain: ReturnType<typeof createDomain>;
  /** Returns all log lines. */
  log(): string;
  /** Flushes buffered writes and stops the service. The store stays open. */
  shutDown(): Promise<void>;
  dispose(): Promise<void>;
}

/** A test that reads a log waits for less than the five seconds of a service. */
const shortIntervalMs = 100;

/** Starts the service in the same way as main.ts, without a process of its own. */
export async function startService(
  options: {
    readonly open?: OpenTestStore;
    readonly environment?: Environment;
    /** The address that it listens on. Clients connect to 127.0.0.1. */
    readonly host?: string;
    /** Absent: a free one. */
    readonly port?: number;
    /** The clock of the rate limits. */
    readonly now?: () => number;
    /** How often buffered records are written, in milliseconds. */
    readonly bufferIntervalMs?: number;
  } = {},
): Promise<Service> {
  const testStore = await (options.open ?? openSqliteTestStore)({ collections });
  const config = readConfig({
    PUBLIC_URL: "https://gatehouse.example",
    RATE_LIMIT: "off",
    CACHE: process.env["CACHE"],
    ...options.environment,
  });
  const lines: string[] = [];
  const stream = new PassThrough();
  stream.on("data", (chunk: Buffer) => lines.push(chunk.toString()));
  const app = await createApp(testStore.store, config, createLog("debug", stream), {
    now: options.now,
    bufferIntervalMs: options.bufferIntervalMs ?? shortIntervalMs,
  });
  const server = await listen(app.handler, { host: options.host ?? "127.0.0.1", port: options.port ?? 0 });
  const domain = createDomain(testStore.store, config);
  const firstStart = await domain.bootstrap();
  const organizationRecord = await domain.organizations.findBySlug("default");
  if (!organizationRecord || !firstStart) throw new Error("The first start did not create the default organization.");
  if (firstStart.secret !== undefined) trackSecret(firstStart.secret);
  const organizationId = organizationRecord.id;
  const { port } = server;
  const shutDown = once(async () => {
    await server.close();
    await app.close();
  });

  const service: Service = {
    store: testStore.store,
    port,
    handler: app.handler,
    organizationId,
    domain,
    clientWithSecret: (secret) => createAgent(port, secret),
    clientWithScopes: async (scopes, organization) =>
      createAgent(port, (await service.issueToken({ scopes }, organization)).secret),
    issueToken: async (input, organization = organizationId) => {
      const { token, secret } = await domain.tokens.create(organization, operatorActor, { name: "test", ...input });
      if (input.userId !== undefined) personalTokenSecrets.add(secret);
      return { id: token.id, secret: trackSecret(secret) };
    },
    createOrganization: async (slug) => (await domain.organizations.create(operatorActor, { slug })).id,
    log: () => lines.join(""),
    shutDown,
    dispose: async () => {
      await shutDown();
      await testStore.dispose();
      assertNoSecrets(lines.join(""), "the log");
    },
  };
  return service;
}

/** Creates a client that checks every response: it must contain no secret and match the declaration of its operation. */
function createAgent(port: number, secret?: string): Agent {
  const agent = supertest.agent(`http://127.0.0.1:${port}`);
  agent.use((request: TestRequest) => {
    request.buffer(true); // supertest buffers JSON Lines only on request
    request.on("response", ({ text, headers, status }) => {
      assertNoSecrets(`${text}${JSON.stringify(headers)}`, "a response");
      const { pathname, search } = new URL(request.url);
      const isUserRequest = request.get("x-user-email") !== undefined || personalTokenSecrets.has(secret ?? "");
      recordExchange({
        method: request.method,
        path: pathname + search,
        isUserRequest,
        status,
        headers,
        text,
      });
    });
  });
  if (secret !== undefined) agent.set("Authorization", `Bearer ${secret}`);
  return agent;
}

interface TestRequest {
  readonly method: string;
  readonly url: string;
  get(header: string): string | undefined;
  buffer(enabled: boolean): void;
  on(
    event: "response",
    listener: (response: { text: string; headers: Record<string, unknown>; status: number }) => void,
  ): void;
}

/** The secrets of personal tokens. */
const personalTokenSecrets = new Set<string>();

function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
