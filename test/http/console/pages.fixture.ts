import type { Page } from "playwright-core";
import type { Token } from "../../../schemas/token.ts";
import { operatorActor } from "../../../src/domain/audit/record.ts";
import type { NewToken } from "../../../src/domain/tokens/issue/new-token.ts";
import { tokens as tokenRecords } from "../../../src/store/collections.ts";
import { type Service, startService } from "../../support/service.ts";

/** A service whose organization has tokens in every state, and its pages in the order of a visit. */
export interface ConsolePages {
  readonly service: Service;
  readonly url: string;
  /** The token with which the pages are visited. */
  readonly secret: string;
  readonly list: readonly ConsolePage[];
  dispose(): Promise<void>;
}

/** A page of the console. The pages before it in the list are visited before. */
export interface ConsolePage {
  readonly title: string;
  visit(page: Page): Promise<unknown>;
}

const dayMs = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * dayMs);

/** Starts the service with its tokens. */
export async function openConsolePages(): Promise<ConsolePages> {
  const service = await startService();
  const { organizationId, domain, store } = service;
  const url = `http://127.0.0.1:${service.port}/console`;
  const { secret } = await service.issueToken({ name: "Security team", scopes: ["all"] });
  const admin = service.clientWithSecret(secret);
  const { body: user } = await admin.post("/api/users").send({ userName: "ada@example.com" });

  const { body: group } = await admin.post("/api/groups").send({ displayName: "Engineering" });
  await admin.put(`/api/groups/${group.id}/members`).send({ members: [user.id] });
  const { body: events } = await admin.get("/api/audit-events").query({ targetId: user.id });

  const add = async (input: NewToken, stored: Partial<Token> = {}): Promise<string> => {
    const { token } = await domain.tokens.create(organizationId, operatorActor, input);
    await store.transaction((tx) =>
      tx
        .for(organizationId)
        .open(tokenRecords)
        .replace({ ...token, ...stored, version: token.version + 1 }, "any"),
    );
    return token.id;
  };
  const usedAt = (days: number, ip: string): Partial<Token> => ({
    ...{ createdAt: inDays(-90).toISOString(), lastUsed: `${inDays(-days).toISOString()} ${ip}` },
    ...{ requestCount: 12_345, failedCount: 2, failures: { "ip-not-allowed": 2 } },
  });
  await add({ name: "Okta provisioning", type: "scim", scopes: ["admin:scim"] }, usedAt(0, "203.0.113.7"));
  const terraform = await add(
    {
      ...{ name: "Terraform", description: "The catalog as code, from the pipeline of the platform team." },
      ...{
        scopes: ["admin:write", "admin:tokens"],
        expiresAt: inDays(3),
        allowedIps: ["198.51.100.0/24", "2001:db8::/48"],
      },
    },
    usedAt(1, "198.51.100.23"),
  );
  await add({ name: "ada-cursor", type: "mcp", scopes: ["connect:read"], userId: user.id, expiresAt: inDays(60) });
  await add({ name: "Old script", scopes: ["admin:read"] }, usedAt(45, "2001:db8:0:0:8d3:1319:8a2e:370"));
  await add(
    { name: "Plugin", type: "agent", scopes: ["connect:write"], environment: "production" },
    { enabled: false },
  );
  await add(
    { name: "Left behind", scopes: ["admin:read"], expiresAt: inDays(1) },
    { expiresAt: inDays(-2).toISOString() },
  );
  await add({ name: "Leaked", scopes: ["admin:write"] }, { revokedAt: inDays(-3).toISOString() });

  const goTo = (path: string) => (page: Page) => page.goto(`${url}${path}`);
  const list: readonly ConsolePage[] = [
    { title: "sign-in", visit: goTo("/sign-in") },
    {
      title: "sign-in-rejected",
      visit: async (page) => {
        await page.getByLabel("Token").fill("wxt_unknown");
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByText("The credential is not valid.").waitFor();
      },
    },
    { title: "overview", visit: (page) => signInInBrowser(page, url, secret) },
    { title: "tokens", visit: goTo("/tokens") },
    { title: "tokens-none", visit: goTo("/tokens?status=revoked&type=mcp") },
    { title: "token", visit: goTo(`/tokens/${terraform}`) },
    { title: "create", visit: goTo("/tokens/new") },
    {
      title: "create-invalid",
      visit: async (page) => {
        await page.getByLabel("Name", { exact: true }).fill("CI");
        await page.getByLabel("scim", { exact: true }).check();
        await page.locator("#scope-admin-write").check();
        await page.getByLabel("Allowed addresses").fill("10.0.0.300");
        await page.getByRole("button", { name: "Create token" }).click();
        await page.getByText("The token was not created").waitFor();
      },
    },
    {
      title: "created",
      visit: async (page) => {
        await page.goto(`${url}/tokens/new`);
        await page.getByLabel("Name", { exact: true }).fill("alice-cursor");
        await page.getByLabel("mcp", { exact: true }).check();
        await page.getByRole("button", { name: "Create token" }).click();
        await page.getByText("It will not be shown again").waitFor();
      },
    },
    { title: "rotate", visit: goTo(`/tokens/${terraform}/rotate`) },
    { title: "revoke", visit: goTo(`/tokens/${terraform}/revoke`) },
    { title: "users", visit: goTo("/users") },
    { title: "user", visit: goTo(`/users/${user.id}`) },
    { title: "groups", visit: goTo("/groups") },
    { title: "group", visit: goTo(`/groups/${group.id}`) },
    { title: "audit", visit: goTo("/audit") },
    { title: "audit-event", visit: goTo(`/audit/${events.data[0].id}`) },
    { title: "not-found", visit: goTo("/nowhere") },
  ];
  return { service, url, secret, list, dispose: () => service.dispose() };
}

/** Signs in as an administrator does. */
export async function signInInBrowser(page: Page, url: string, secret: string): Promise<void> {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel("Token").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "This session" }).waitFor();
}
