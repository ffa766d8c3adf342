import { type ClientHeader, mcpClients, writeClientSettings } from "../domain/mcp/client-settings.ts";
import { parseChoice, parseCommandArgs, rejectMissing } from "./arguments.ts";
import { type CliCommand, UsageError } from "./command.ts";

/**
 * Prints the settings with which an MCP client uses `/mcp`. They name the token by a variable of the client, so that no
 * secret is in a file, unless a header with a value is passed.
 */
export const mcpConfig: CliCommand = {
  synopsis: [
    `--client ${mcpClients.join("|")}`,
    "[--url URL] [--toolkit SLUG | --server SLUG] [--header 'NAME: VALUE' ...]",
  ],
  summary: "Prints the settings of an MCP client for /mcp.",
  isStoreless: true,
  notes: [
    "It opens no database. Without --url, the URL is PUBLIC_URL. Without a header for the credential, the settings",
    "read the token from the variable GATEHOUSE_TOKEN, or prompt for it.",
  ],
  run: async (args, { config, print }) => {
    const { values } = parseCommandArgs(args, {
      client: { type: "string" },
      url: { type: "string" },
      toolkit: { type: "string" },
      server: { type: "string" },
      header: { type: "string", multiple: true },
    });
    if (values.client === undefined) rejectMissing("--client");
    const client = parseChoice("--client", mcpClients, values.client);
    if (values.toolkit !== undefined && values.server !== undefined)
      throw new UsageError("--toolkit and --server cannot be combined");
    const url = toMcpUrl(values.url ?? config.publicUrl, values);
    const headers = (values.header ?? []).map(parseHeader);
    const hasCredential = headers.some(([name]) => /^(?:authorization|x-api-key)$/i.test(name));
    print(writeClientSettings(client, url, headers, hasCredential));
    return undefined;
  },
};

const slugPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** The URL of the endpoint. A URL that ends with `/mcp` is taken as it is. */
function toMcpUrl(
  base: string,
  { toolkit, server }: { readonly toolkit?: string | undefined; readonly server?: string | undefined },
): string {
  if (!URL.canParse(base) || !/^https?:$/.test(new URL(base).protocol))
    throw new UsageError("--url must be an http or https URL, such as https://gatehouse.example");
  const { origin, pathname, username, password, search, hash } = new URL(base);
  if (`${username}${password}${search}${hash}` !== "")
    throw new UsageError("--url must have no credentials, query or fragment");
  const path = pathname.replace(/\/+$/, "");
  const root = `${origin}${path.endsWith("/mcp") ? path : `${path}/mcp`}`;
  const slug = toolkit ?? server;
  if (slug === undefined) return root;
  const option = toolkit === undefined ? "server" : "toolkit";
  if (!slugPattern.test(slug)) throw new UsageError(`--${option} must be a slug, such as release-notes`);
  return `${root}/${option}s/${slug}`;
}

function parseHeader(header: string): ClientHeader {
  const [, name, value] = /^([A-Za-z0-9-]{1,64}):[ \t]*([\x20-\x7e]{1,4000})$/.exec(header) ?? [];
  // The header may be a secret, so that the message does not repeat it.
  if (name === undefined || value === undefined || value.trim() === "")
    throw new UsageError(
      "--header must be a name, a colon and a value in ASCII, such as 'x-user-email: ada@example.com'",
    );
  return [name, value.trim()];
}
