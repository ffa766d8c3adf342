import type { OpenTestStore } from "../../store/test-store.fixture.ts";
import type { AuthorizationServer } from "../../support/authorization-server.ts";
import { startAuthorizationServer } from "../../support/authorization-server.ts";
import type { CertificateFiles } from "../../support/certificate.ts";
import { type Gateway, rpc, startGateway } from "./gateway.fixture.ts";

/** The service, an MCP server that requires access tokens, the authorization server that issues these, and users. */
export interface OAuthGateway extends Gateway {
  readonly provider: AuthorizationServer;
  /** The ids and the secrets of personal tokens of ada and grace. */
  readonly ada: TestUser;
  readonly grace: TestUser;
  /** Moves all clocks, in milliseconds. */
  advance(ms: number): void;
  /** Sends a request of a user to the API of connections. */
  api(user: TestUser, method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: object): Promise<ApiReply>;
  /** Starts an authorization and approves it. @returns the URL to which the browser is sent */
  authorize(user: TestUser): Promise<URL>;
  /** Connects a user to the MCP server. */
  connect(user: TestUser): Promise<void>;
  /** Opens or confirms the page to which the browser is sent. @returns its status and HTML */
  browse(url: URL, method?: "GET" | "POST", headers?: Readonly<Record<string, string>>): Promise<BrowserReply>;
  /** Calls the tool `echo`. @returns the text of its result */
  call(user: TestUser): Promise<string>;
  /** The audit events of an action, newest last. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  audit(action: string): Promise<any[]>;
}

interface TestUser {
  readonly id: string;
  readonly secret: string;
}

interface ApiReply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  readonly body: any;
}

interface BrowserReply {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export const credentialKey = Buffer.alloc(32, 7);

export async function startOAuthGateway(
  open: OpenTestStore,
  {
    auth = {},
    lifetimeSeconds = 600,
    certificate,
    environment = {},
  }: {
    readonly auth?: object;
    readonly lifetimeSeconds?: number;
    /** Of the authorization server. */
    readonly certificate?: CertificateFiles;
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<OAuthGateway> {
  let offset = 0;
  const now = (): number => Date.now() + offset;
  const provider = await startAuthorizationServer({ lifetimeSeconds, now, certificate });
  const gateway = await startGateway({
    ...{ open, now, accepts: provider.accepts },
    environment: { CREDENTIAL_KEY: credentialKey.toString("base64"), ...environment },
  });
  const { admin, service } = gateway;
  await gateway.putServer("jira", [{ name: "echo" }], { auth: provider.auth(auth) });
  await admin.put("/api/mcp-servers/jira/client-secret").send({ value: provider.clientSecret }).expect(200);
  const createUser = async (name: string): Promise<TestUser> => {
    const id = await gateway.createUser(name);
    return { id, secret: await gateway.createToken(id) };
  };
  const api: OAuthGateway["api"] = async ({ secret }, method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${service.port}/api/connections/jira${path}`, {
      method,
      headers: { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  const authorize: OAuthGateway["authorize"] = async (user) => {
    const { status, body } = await api(user, "POST", "/auth-url");
    if (status !== 200) throw new Error(JSON.stringify(body));
    return provider.approve(body.url);
  };
  const browse: OAuthGateway["browse"] = async ({ pathname, search }, method = "GET", headers = {}) => {
    const url = `http://127.0.0.1:${service.port}${pathname}`;
    const response = await (method === "GET"
      ? fetch(url + search, { headers })
      : fetch(url, {
          method,
          headers: { Origin: "https://gatehouse.example", ...headers },
          body: new URLSearchParams(search),
        }));
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return {
    ...gateway,
    ...{ provider, ada: await createUser("ada"), grace: await createUser("grace"), api, authorize, browse },
    advance: (ms) => {
      offset += ms;
    },
    connect: async (user) => {
      const { status, text } = await browse(await authorize(user), "POST");
      if (status !== 200) throw new Error(text);
    },
    call: async ({ secret }) => {
      const { body } = await gateway.post(secret, rpc("tools/call", { name: "jira__echo", arguments: { a: 1 } }));
      return body.result.content[0].text;
    },
    audit: async (action) =>
      (await admin.get("/api/audit-events").query({ action, limit: 100 }).expect(200)).body.data.toReversed(),
    dispose: async () => {
      await gateway.dispose();
      await provider.close();
    },
  };
}
