import { type CliCommand, UsageError } from "./command.ts";
import { credentialCommands } from "./credentials.ts";
import { dataCommands } from "./data.ts";
import { initCommand } from "./init.ts";
import { mcpConfig } from "./mcp-config.ts";
import { organizationCommands } from "./organizations.ts";
import { tokenCommands } from "./tokens.ts";

/** All commands by name, such as `init` and `token create`, in the order of the help. A map, so that `constructor` is not a name. */
export const cliCommands: ReadonlyMap<string, CliCommand> = new Map([
  ["init", initCommand] as const,
  ...Object.entries({
    organization: organizationCommands,
    token: tokenCommands,
    credential: credentialCommands,
    mcp: { config: mcpConfig },
  }).flatMap(([subject, verbs]) =>
    Object.entries(verbs).map(([verb, command]) => [`${subject} ${verb}`, command] as const),
  ),
  ...Object.entries(dataCommands),
]);

/**
 * Formats the help of all commands, of the commands of one subject, or of one command.
 * @param topic no word, a subject, or a subject and a verb
 * @throws UsageError when there is no such command
 */
export function formatHelp(topic: readonly string[]): string {
  const name = topic.join(" ");
  const command = cliCommands.get(name);
  if (command) {
    const notes = command.notes ? `\n${command.notes.join("\n")}\n` : "";
    return `${formatUsage(name, command)}\n\n${command.summary}\n${notes}`;
  }
  const selected = [...cliCommands].filter(([each]) => name === "" || each.startsWith(`${name} `));
  if (selected.length === 0) throw new UsageError(`unknown command ${name}`);
  const usages = selected.map(([each, { synopsis, summary }]) => {
    const usage = formatUsage(each, { synopsis });
    return `${usage}\n      ${summary}`;
  });
  return name === "" ? `${introduction}\n${usages.join("\n")}\n${footer}` : `${usages.join("\n")}\n`;
}

const introduction = `The Gatehouse CLI. It reads the same environment variables as the service.
With the embedded database, commands run in the service that holds DATA_DIR, if one does.
`;

const footer = `
  gatehouse help [COMMAND]
  gatehouse --version

Without --organization, commands use the organization "default".
Secrets and listings (one JSON object a line) go to standard output, everything else to standard error.
The exit code is 1 when a command fails and 2 when its arguments are wrong.
`;

function formatUsage(name: string, { synopsis }: Pick<CliCommand, "synopsis">): string {
  const start = `  gatehouse ${name} `;
  return synopsis
    .join(`\n${" ".repeat(start.length)}`)
    .replace(/^/, start)
    .trimEnd();
}
