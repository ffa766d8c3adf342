/** Whether an MCP server is in the environment that a credential is restricted to, if it is. */
export const isInEnvironment = (
  restriction: { readonly environment?: string | undefined },
  server: { readonly environment?: string | undefined },
): boolean => restriction.environment === undefined || restriction.environment === server.environment;

/** Whether an MCP server is among those that a credential is restricted to, if it is. */
export const isListedServer = (
  restriction: { readonly mcpServers?: readonly string[] | undefined },
  server: { readonly slug: string },
): boolean => !restriction.mcpServers || restriction.mcpServers.includes(server.slug);
