import type { Token } from "../../../../schemas/token.ts";
import { operatorActor } from "../../../../src/domain/audit/record.ts";
import type { NewToken } from "../../../../src/domain/tokens/issue/new-token.ts";
import { tokens as tokenRecords } from "../../../../src/store/collections.ts";
import type { PreparePages } from "./console-page.fixture.ts";

const dayMs = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * dayMs);

/** Creates tokens in every state. */
export const prepareTokenPages: PreparePages = async ({ service, url, user, goTo }) => {
  const { organizationId, domain, store } = service;
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

  return [
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
    { title: "token-edit", visit: goTo(`/tokens/${terraform}/edit`) },
    { title: "tokens-search", visit: goTo("/tokens?name=TERRA") },
    { title: "rotate", visit: goTo(`/tokens/${terraform}/rotate`) },
    { title: "revoke", visit: goTo(`/tokens/${terraform}/revoke`) },
  ];
};
