import { parseArgs } from "node:util";
import { redactText } from "../log.ts";
import { UsageError } from "./command.ts";

/** Option definitions in the form that `parseArgs` of `node:util` takes. */
export type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;

/**
 * Parses the options of a command and its positional arguments.
 * @param names the names of the required positional arguments
 * @returns the values of the options, and each positional argument under its name
 * @throws UsageError naming the argument that is unknown, missing or superfluous
 */
export function parseCommandArgs<O extends Options, Positional extends string = never>(
  args: readonly string[],
  options: O,
  ...names: readonly Positional[]
) {
  const { values, positionals } = parse(args, options);
  const superfluous = positionals[names.length];
  if (superfluous !== undefined) throw new UsageError(redactText(`unexpected argument ${superfluous}`));
  const missing = names[positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is required`);
  const argumentsByName = Object.fromEntries(names.map((name, at) => [name, positionals[at]]));
  return { values, ...(argumentsByName as Record<Positional, string>) };
}

function parse<O extends Options>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // The first sentence names the option; the others explain how to escape a leading dash.
    const [sentence = ""] = (error as Error).message.split(/\.?(?:\n|$)|\. /);
    throw new UsageError(redactText(sentence.charAt(0).toLowerCase() + sentence.slice(1)));
  }
}

/** @throws UsageError when the value is not one of `allowed` */
export function parseChoice<T extends string>(option: string, allowed: readonly T[], value: string): T {
  const match = allowed.find((each) => each === value);
  if (match === undefined) throw new UsageError(redactText(`${option} ${value} is not one of ${allowed.join(", ")}`));
  return match;
}

/** @throws UsageError naming the required option */
export function rejectMissing(option: string): never {
  throw new UsageError(`${option} is required`);
}
