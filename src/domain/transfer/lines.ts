import { AppError } from "../../errors.ts";
import { waitIfHeld } from "../../own-tick.ts";

/** One line of a file, without its line feed. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/** The longest line, in characters. A record of the largest size takes less than half. */
export const lineLengthMax = 64 * 1024 * 1024;

/**
 * Splits UTF-8 into lines as it arrives.
 * @throws AppError invalid-value with the number of the line for bytes that are not UTF-8, for a line that is too long, and
 *   for a last line without a line feed
 */
export async function* readLines(input: AsyncIterable<string | Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let number = 0;
  let parts: string[] = [];
  let length = 0;
  let resumedAt = performance.now();
  for await (const chunk of input) {
    const text = typeof chunk === "string" ? chunk : decode(decoder, chunk, number + 1);
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      parts.push(text.slice(start, end));
      yield { number: ++number, text: parts.join("") };
      parts = [];
      length = 0;
      start = end + 1;
      resumedAt = await waitIfHeld(resumedAt);
    }
    parts.push(text.slice(start));
    length += text.length - start;
    if (length > lineLengthMax) throw lineError(number + 1, `has more than ${lineLengthMax} characters.`);
  }
  if (length > 0) throw lineError(number + 1, "has no line feed, so that the file is incomplete. Export it again.");
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array, line: number): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch {
    throw lineError(line, "or one of the next lines is not UTF-8.");
  }
}

/** Creates the error for a line of a file. @param problem continues the sentence after the number of the line */
export function lineError(line: number, problem: string): AppError {
  return new AppError("invalid-value", `Line ${line} ${problem}`, { field: `line ${line}` });
}
