/** The MCP clients whose settings can be written. */
export const mcpClients = ["cursor", "vscode", "claude-desktop", "claude-code", "inspector", "mcp-remote"] as const;
export type McpClient = (typeof mcpClients)[number];

export type ClientHeader = readonly [name: string, value: string];

/**
 * Returns the settings with which an MCP client uses `/mcp`: a file in JSON, or a command line. They name the token by a
 * variable of the client, so that no secret is in a file.
 * @param hasCredential whether one of the headers is the credential; otherwise a header with the variable is added
 */
export const writeClientSettings = (
  client: McpClient,
  url: string,
  headers: readonly ClientHeader[] = [],
  hasCredential = false,
): string => writers[client](url, headers, hasCredential);

type Writer = (url: string, headers: readonly ClientHeader[], hasCredential: boolean) => string;

const variable = "GATEHOUSE_TOKEN";
const toJson = (value: object): string => JSON.stringify(value, null, 2);
/** A word of a POSIX shell. */
const quote = (word: string): string =>
  /^[A-Za-z0-9_./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

const withCredential = (
  headers: readonly ClientHeader[],
  hasCredential: boolean,
  value: string,
): Record<string, string> => Object.fromEntries(hasCredential ? headers : [["Authorization", value], ...headers]);

/** The words of a command line whose headers are options. The shell replaces the variable. */
const toHeaderOptions = (headers: readonly ClientHeader[], hasCredential: boolean): string =>
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
