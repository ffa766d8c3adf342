/**
 * Reads the data of the events of a `text/event-stream` body (HTML, section 9.2), one string per event.
 * @param eventLengthMax the maximum length of the data of one event, in characters
 * @param onTooLarge creates the error for a longer event
 */
export async function* readEventData(
  chunks: AsyncIterable<Buffer>,
  eventLengthMax: number,
  onTooLarge: () => Error,
): AsyncGenerator<string> {
  let data: string[] = [];
  let length = 0;
  for await (const line of readLines(chunks, eventLengthMax + fieldLength, onTooLarge)) {
    if (line === "") {
      if (data.length > 0) yield data.join("\n");
      data = [];
      length = 0;
    } else if (line.startsWith("data:")) {
      const value = line.startsWith("data: ") ? line.slice("data: ".length) : line.slice("data:".length);
      length += value.length + 1;
      if (length > eventLengthMax) throw onTooLarge();
      data.push(value);
    }
  }
}

/** Characters of a line beside the data. */
const fieldLength = 16;

async function* readLines(
  chunks: AsyncIterable<Buffer>,
  lineLengthMax: number,
  onTooLarge: () => Error,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  /** Whether the last chunk ended with a CR, so that an LF at the start of the next one belongs to it. */
  let endedWithCr = false;
  for await (const chunk of chunks) {
    let text = decoder.decode(chunk, { stream: true });
    if (text === "") continue;
    if (endedWithCr && text.startsWith("\n")) text = text.slice(1);
    endedWithCr = text.endsWith("\r");
    // Only a chunk with the end of a line is searched together with the rest: many small chunks cost no more than one.
    const lines = /[\r\n]/.test(text) ? (rest + text).split(/\r\n|\n|\r/) : [];
    rest = lines.length > 0 ? (lines.pop() ?? "") : rest + text;
    if (rest.length > lineLengthMax) throw onTooLarge();
    yield* lines;
  }
}
