import { type Command, placeholderPattern } from "../../../schemas/command.ts";
import { listPrompts } from "../../domain/mcp/prompts.ts";
import type { McpObject } from "../../domain/upstream/upstream-calls.ts";
import type { McpContext, McpServices } from "./context.ts";
import { InvalidParamsError } from "./message.ts";
import { toPage } from "./page.ts";

/** Lists the commands that the user may use, as prompts. */
export async function listPromptsPage(
  context: McpContext,
  services: McpServices,
  cursor: string | undefined,
): Promise<{ readonly prompts: readonly McpObject[]; readonly nextCursor?: string }> {
  const commands = await findCommands(context, services);
  const { items, nextCursor } = toPage(commands, ({ slug }) => slug, cursor);
  return { prompts: items.map(toPrompt), ...(nextCursor !== undefined && { nextCursor }) };
}

/**
 * Renders a command as the message of a prompt: each `{{argument}}` is replaced with its value.
 * @throws InvalidParamsError for an unknown prompt, and for a missing or unknown argument
 */
export async function getPrompt(
  context: McpContext,
  services: McpServices,
  name: string,
  values: Readonly<Record<string, string>>,
): Promise<McpObject> {
  const command = await requireCommand(context, services, name);
  const names = new Set(command.arguments.map((each) => each.name));
  const unknown = Object.keys(values).find((each) => !names.has(each));
  if (unknown !== undefined)
    throw new InvalidParamsError(`The prompt ${name} has no argument ${JSON.stringify(unknown.slice(0, 100))}.`);
  const missing = command.arguments.find((each) => each.required && !Object.hasOwn(values, each.name));
  if (missing) throw new InvalidParamsError(`The prompt ${name} requires the argument ${missing.name}.`);
  const text = command.template.replaceAll(placeholderPattern, (whole, key: string) =>
    names.has(key) ? (Object.hasOwn(values, key) ? (values[key] ?? "") : "") : whole,
  );
  return {
    ...(command.description !== undefined && { description: command.description }),
    messages: [{ role: "user", content: { type: "text", text } }],
  };
}

/**
 * Finds the command of a prompt among those that the user may use.
 * @throws InvalidParamsError with the same message whether the command does not exist or the user may not use it
 */
export async function requireCommand(context: McpContext, services: McpServices, name: string): Promise<Command> {
  const [command] = await findCommands(context, services, name);
  if (command) return command;
  throw new InvalidParamsError(`Unknown prompt: ${name.slice(0, 100)}. List the prompts again.`);
}

const findCommands = async (context: McpContext, { api }: McpServices, slug?: string): Promise<readonly Command[]> =>
  listPrompts(api.commands, await context.access(), await context.selection(), slug);

function toPrompt({ slug, name, description, arguments: declared }: Command): McpObject {
  return {
    name: slug,
    title: name,
    ...(description !== undefined && { description }),
    arguments: declared.map((each) => ({
      name: each.name,
      ...(each.description !== undefined && { description: each.description }),
      required: each.required,
    })),
  };
}
