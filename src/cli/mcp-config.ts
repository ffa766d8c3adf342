import { parseChoice, parseCommandArgs, rejectMissing } from "./arguments.ts";
import { type CliCommand, UsageError } from "./command.ts";

const clients = ["cursor", "vscode", "claude-desktop", "claude-code", "inspector", "mcp-remote"] as const;
type McpClient = (typeof clients)[number];

/**
 * Prints the settings with which an MCP client uses `/mcp`. They name the token by a variable of the client, so that no
 * secret is in a file, unless a header with a value is passed.
 */
export const mcpConfig: CliCommand = {
  synopsis: [
    `--client ${clients.join("|")}`,
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
    const client = parseChoice("--client", clients, values.client);
    if (values.toolkit !== undefined && values.server !== undefined)
      throw new UsageError("--toolkit and --server cannot be combined");
    const url = toMcpUrl(values.url ?? config.publicUrl, values);
    const headers = (values.header ?? []).map(parseHeader);
    const hasCredential = headers.some(([name]) => /^(?:authorization|x-api-key)$/i.test(name));
    print(writers[client](url, headers, hasCredential));
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

type Header = readonly [name: string, value: string];

function parseHeader(header: string): Header {
  const [, name, value] = /^([A-Za-z0-9-]{1,64}):[ \t]*([\x20-\x7e]{1,4000})$/.exec(header) ?? [];
  // The header may be a secret, so that the message does not repeat it.
  if (name === undefined || value === undefined || value.trim() === "")
    throw new UsageError(
      "--header must be a name, a colon and a value in ASCII, such as 'x-user-email: ada@example.com'",
    );
  return [name, value.trim()];
}

type Writer = (url: string, headers: readonly Header[], hasCredential: boolean) => string;

const variable = "GATEHOUSE_TOKEN";
const toJson = (value: object): string => JSON.stringify(value, null, 2);
/** A word of a POSIX shell. */
const quote = (word: string): string =>
  /^[A-Za-z0-9_./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

const withCredential = (headers: readonly Header[], hasCredential: boolean, value: string): Record<string, string> =>
  Object.fromEntries(hasCredential ? headers : [["Authorization", value], ...headers]);

/** The words of a command line whose headers are options. The shell replaces the variable. */
const toHeaderOptions = (headers: readonly Header[], hasCredential: boolean): string =>
  [
    ...(hasCredential ? [] : [`--header "Authorization: Bearer $${variable}"`]),
    ...headers.map(([name, value]) => `--header ${quote(`${name}: ${value}`)}`),
  ].join(" ");

/** mcp-remote replaces `${NAME}` in the values of headers. Values are in `env`, because some systems split `args` at spaces. */
const writeRemote: Writer = (url, headers, hasCredential) => {
  const environment: Record<string, string> = {};
  const options = Object.entries(withCredential(headers, hasCredential, "Bearer YOUR_TOKEN")).flatMap(
    ([name, value]) => {
      const variableName = `${name.toUpperCase().replaceAll("-", "_")}_HEADER`;
      environment[variableName] = value;
      return ["--header", `${name}:\${${variableName}}`];
    },
  );
  const isLocal = url.startsWith("http:");
  const args = ["-y", "mcp-remote", url, "--transport", "http-only", ...(isLocal ? ["--allow-http"] : []), ...options];
  return toJson({ mcpServers: { gatehouse: { command: "npx", args, env: environment } } });
};

const writers: Readonly<Record<McpClient, Writer>> = {
  cursor: (url, headers, hasCredential) =>
    toJson({
      mcpServers: { gatehouse: { url, headers: withCredential(headers, hasCredential, `Bearer \${env:${variable}}`) } },
    }),
  vscode: (url, headers, hasCredential) =>
    toJson({
      ...(!hasCredential && {
        inputs: [{ type: "promptString", id: "gatehouse", description: "Gatehouse token", password: true }],
      }),
      servers: {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the client
        gatehouse: { type: "http", url, headers: withCredential(headers, hasCredential, "Bearer ${input:gatehouse}") },
      },
    }),
  "claude-desktop": writeRemote,
  "mcp-remote": writeRemote,
  "claude-code": (url, headers, hasCredential) =>
    `claude mcp add --transport http gatehouse ${url} ${toHeaderOptions(headers, hasCredential)}`,
  inspector: (url, headers, hasCredential) =>
    `npx @modelcontextprotocol/inspector --cli ${url} --transport http ${toHeaderOptions(headers, hasCredential)} --method tools/list`,
};
