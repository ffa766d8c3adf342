import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The random characters and the checksum that follow the prefix of a token. */
const bodyLength = 39;
/** The bodies of the tokens of this run. A text is searched for all of them in one pass. */
const trackedBodies = new Set<string>();
/** The secrets of other forms, such as imported ones. */
const otherSecrets = new Set<string>();

/** Registers a secret of this test run, which responses, logs and files are then searched for. */
export function trackSecret(secret: string): string {
  if (secret === "") throw new Error("The secret to track is empty, and every text contains that.");
  const body = /^[a-z]+_([0-9A-Za-z]+)$/.exec(secret)?.[1];
  if (body?.length === bodyLength) trackedBodies.add(body);
  else otherSecrets.add(secret);
  return secret;
}

/** @throws Error naming the place, if the text contains a secret of this run; the message does not repeat the secret */
export function assertNoSecrets(text: string, place: string): void {
  for (let at = text.indexOf("_"); at !== -1; at = text.indexOf("_", at + 1)) {
    const body = text.slice(at + 1, at + 1 + bodyLength);
    if (trackedBodies.has(body)) throw new Error(`${place} contains the token ${body.slice(0, 4)}...`);
  }
  for (const secret of otherSecrets) {
    if (text.includes(secret)) throw new Error(`${place} contains the token ${secret.slice(0, 8)}...`);
  }
}

/** Applies `assertNoSecrets` to every file of a directory. */
export async function assertNoSecretsInFiles(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    // A process must not open the lock file twice: closing the second descriptor releases the lock (POSIX).
    if (name.startsWith("lock.db")) continue;
    // The last connection that closes removes the write-ahead log, possibly at this moment.
    const text = await readFile(join(directory, name), "latin1").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    assertNoSecrets(text, name);
  }
}
