import { hasTokenFormat, visiblePrefix } from "../domain/tokens/issue/format.ts";
import { parseCommandArgs } from "./arguments.ts";
import { type CliCommand, UsageError } from "./command.ts";

/** Checks the format of strings without a database. Exits with 1 when one of them is not a token. */
export const verifyFormat: CliCommand = {
  synopsis: [""],
  summary: "Reports which lines of standard input have the format and checksum of a token.",
  isStoreless: true,
  readsInput: true,
  notes: ["It opens no database. The exit code is 1 when a line is not a token."],
  run: async (args, { config: { tokenPrefix }, readInput, printJson }) => {
    parseCommandArgs(args, {});
    const lines = (await readInput()).split("\n").map((line) => line.trim());
    const entries = lines.flatMap((value, index) => (value === "" ? [] : [{ line: index + 1, value }]));
    if (entries.length === 0) throw new UsageError("standard input is empty");
    let exitCode = 0;
    for (const { line, value } of entries) {
      const isToken = hasTokenFormat(value, tokenPrefix);
      if (!isToken) exitCode = 1;
      printJson({ line, isToken, ...(isToken && { prefix: visiblePrefix(value) }) });
    }
    return exitCode;
  },
};
