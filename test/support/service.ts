import { PassThrough } from "node:stream";
import supertest from "supertest";
import type { Scope } from "../../schemas/token.ts";
import { createApp, createDomain } from "../../src/app.ts";
import { type Environment, readConfig } from "../../src/config.ts";
import { operator } from "../../src/domain/audit/record.ts";
import type { NewToken } from "../../src/domain/tokens/new-token.ts";
import { listen } from "../../src/http/listen.ts";
import { createLog } from "../../src/log.ts";
import type { Store } from "../../src/store/collection.ts";
import { collections } from "../../src/store/collections.ts";
import type { Open } from "../store/opened.ts";
import { openSqlite } from "../store/sqlite-opened.ts";
import { observe } from "./answers.ts";
import { assertHoldsNoSecret, remember } from "./secrets.ts";

export const userUrn = "urn:ietf:params:scim:schemas:core:2.0:User";
export const groupUrn = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const patchUrn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
export const enterpriseUrn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

export type Agent = ReturnType<typeof supertest.agent>;

/** The real service on a real store, in this process, listening on a port of its own. */
export interface Service {
  readonly store: Store;
  readonly port: number;
  readonly organizationId: string;
  /** A client with a token of these scopes; of another organisation where one is named. */
  as(scopes: readonly Scope[], organizationId?: string): Promise<Agent>;
  /** A client that sends this credential, or none. */
  with(secret?: string): Agent;
  issue(
    wanted: Partial<NewToken> & Pick<NewToken, "scopes">,
    organizationId?: string,
  ): Promise<{ id: string; secret: string }>;
  organization(slug: string): Promise<string>;
  domain: ReturnType<typeof createDomain>;
  /** Everything that has been logged. */
  log(): string;
  /** Writes what has gathered, then ends the service; the store stays open. */
  settle(): Promise<void>;
  dispose(): Promise<void>;
}

/** Starts the service as main.ts does, without the process around it. */
export async function startService(
  options: {
    readonly open?: Open;
    readonly environment?: Environment;
    /** Where it listens; clients ask for it at 127.0.0.1. */
    readonly host?: string;
    /** The clock of the rate limits. */
    readonly now?: () => number;
  } = {},
): Promise<Service> {
  const opened = await (options.open ?? openSqlite)({ collections });
  const config = readConfig({ PUBLIC_URL: "https://gatehouse.example", RATE_LIMIT: "off", ...options.environment });
  const lines: string[] = [];
  const stream = new PassThrough();
  stream.on("data", (chunk: Buffer) => lines.push(chunk.toString()));
  const app = await createApp(opened.store, config, createLog("debug", stream), options.now);
  const server = await listen(app.handler, { host: options.host ?? "127.0.0.1", port: 0 });
  const domain = createDomain(opened.store, config);
  const first = await domain.organizations.bySlug("default");
  if (!first || !app.firstSecret) throw new Error("the first start made no organisation");
  remember(app.firstSecret);
  const organizationId = first.id;
  const { port } = server;
  const settle = onlyOnce(async () => {
    await server.close();
    await app.close();
  });

  const service: Service = {
    store: opened.store,
    port,
    organizationId,
    domain,
    with: (secret) => agentOf(port, secret),
    as: async (scopes, organization) => agentOf(port, (await service.issue({ scopes }, organization)).secret),
    issue: async (wanted, organization = organizationId) => {
      const { token, secret } = await domain.tokens.create(organization, operator, { name: "test", ...wanted });
      if (wanted.userId !== undefined) personal.add(secret);
      return { id: token.id, secret: remember(secret) };
    },
    organization: async (slug) => (await domain.organizations.create(operator, { slug })).id,
    log: () => lines.join(""),
    settle,
    dispose: async () => {
      await settle();
      await opened.dispose();
      assertHoldsNoSecret(lines.join(""), "the log");
    },
  };
  return service;
}

/** No answer may repeat a secret, and each is what its operation declares. */
function agentOf(port: number, secret?: string): Agent {
  const agent = supertest.agent(`http://127.0.0.1:${port}`);
  agent.use((request: Asked) => {
    request.buffer(true); // JSON Lines too
    request.on("response", ({ text, headers, status }) => {
      assertHoldsNoSecret(`${text}${JSON.stringify(headers)}`, "an answer");
      const { pathname, search } = new URL(request.url);
      const isOfUser = request.get("x-user-email") !== undefined || personal.has(secret ?? "");
      observe({ method: request.method, path: pathname + search, isOfUser, status, headers, text });
    });
  });
  if (secret !== undefined) agent.set("Authorization", `Bearer ${secret}`);
  return agent;
}

interface Asked {
  readonly method: string;
  readonly url: string;
  get(header: string): string | undefined;
  buffer(kept: boolean): void;
  on(
    event: "response",
    told: (response: { text: string; headers: Record<string, unknown>; status: number }) => void,
  ): void;
}

/** Secrets of tokens that act as one user. */
const personal = new Set<string>();

function onlyOnce(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
