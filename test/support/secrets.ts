import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const minted = new Set<string>();

/** Remembers a secret of this test run, so that every place where it must not be can be searched for it. */
export function remember(secret: string): string {
  minted.add(secret);
  return secret;
}

/** @throws Error naming the place when a text holds any secret of this run; the secret itself is not repeated */
export function assertHoldsNoSecret(text: string, place: string): void {
  for (const secret of minted) {
    if (text.includes(secret)) throw new Error(`${place} holds the token ${secret.slice(0, 8)}...`);
  }
}

/** As `assertHoldsNoSecret`, over every file of a folder, byte for byte. */
export async function assertFilesHoldNoSecret(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    // The lock's descriptor must not be opened twice in one process: closing the second one drops the lock.
    if (name.startsWith("lock.db")) continue;
    // The last connection to let go removes the log, which may be just now.
    const text = await readFile(join(folder, name), "latin1").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    assertHoldsNoSecret(text, name);
  }
}
