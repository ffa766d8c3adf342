import { parseArgs } from "node:util";
import { redactText } from "../log.ts";
import { UsageError } from "./command.ts";

/** Option definitions in the form that `parseArgs` of `node:util` takes. */
export type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;

/**
 * Parses the options of a command and, if it takes one, its positional argument.
 * @param positional the name of the required positional argument; undefined when the command takes none
 * @returns the values of the options, and the positional argument under its name
 * @throws UsageError naming the argument that is unknown, missing or superfluous
 */
export function parseCommandArgs<O extends Options, Positional extends string = never>(
  args: readonly string[],
  options: O,
  positional?: Positional,
) {
  const { values, positionals } = parse(args, options);
  const [argument, ...superfluous] = positional === undefined ? [undefined, ...positionals] : positionals;
  if (superfluous[0] !== undefined) throw new UsageError(redactText(`unexpected argument ${superfluous[0]}`));
  if (positional !== undefined && argument === undefined) throw new UsageError(`${positional} is required`);
  return { values, ...(positional !== undefined && { [positional]: argument }) } as {
    values: typeof values;
  } & Record<Positional, string>;
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
