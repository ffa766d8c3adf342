import type { PreparePages } from "./console-page.fixture.ts";

/** Signs in with a personal token, whose session has only the pages of the tokens of its user. They are the last ones. */
export const prepareMyTokenPages: PreparePages = async ({ service, user, goTo }) => {
  const { secret } = await service.issueToken({
    ...{ name: "ada-laptop", description: "The assistant in the editor.", type: "agent", userId: user.id },
    ...{ scopes: ["connect:write"], allowedIps: ["127.0.0.0/8"] },
  });
  const { id } = await service.issueToken({
    name: "ada-phone",
    type: "mcp",
    scopes: ["connect:read"],
    userId: user.id,
  });
  const url = `/my-tokens/${id}`;
  return [
    {
      title: "my-tokens",
      visit: async (page) => {
        await goTo("/sign-in")(page);
        await page.getByLabel("Token").fill(secret);
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByRole("heading", { name: "My tokens" }).waitFor();
      },
    },
    { title: "my-token", visit: goTo(url) },
    { title: "my-token-create", visit: goTo("/my-tokens/new") },
    { title: "my-token-edit", visit: goTo(`${url}/edit`) },
    { title: "my-token-rotate", visit: goTo(`${url}/rotate`) },
    { title: "my-token-revoke", visit: goTo(`${url}/revoke`) },
    { title: "my-tokens-forbidden", visit: goTo("/users") },
    {
      title: "signed-out",
      visit: async (page) => {
        await goTo(url)(page);
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.getByText("You are signed out.").waitFor();
      },
    },
  ];
};
