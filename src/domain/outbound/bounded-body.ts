import type { IncomingMessage } from "node:http";

/**
 * Reads the body of a response as UTF-8.
 * @returns undefined if it has more than `bytesMax` bytes; the connection is destroyed then
 */
export async function readBoundedBody(response: IncomingMessage, bytesMax: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) return undefined; // leaving the loop destroys the connection
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
