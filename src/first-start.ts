import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "./config.ts";
import type { FirstStart } from "./domain/organizations.ts";
import { StartupError } from "./errors.ts";
import type { OperatorDomain } from "./operator-domain.ts";
import { flushToDisk } from "./store/new-file.ts";

/** What the first start has created, and where its token is. */
export interface InitializedStore extends FirstStart {
  /** The file that has the secret of the token, instead of `secret`. */
  readonly tokenFile?: string;
}

/**
 * Initializes an empty store. The secret of its token is written to GATEHOUSE_BOOTSTRAP_TOKEN_FILE, if that is set.
 * @returns undefined if the store has been initialized before
 * @throws AppError unavailable; StartupError when the file cannot be created, and then the store is still empty
 */
export async function initializeStore(
  domain: Pick<OperatorDomain, "isEmpty" | "bootstrap">,
  { authSecret, bootstrapTokenFile: path }: Pick<Config, "authSecret" | "bootstrapTokenFile">,
): Promise<InitializedStore | undefined> {
  if (!(await domain.isEmpty())) return undefined;
  if (path === undefined || authSecret !== undefined) return domain.bootstrap();
  // The file is created before the token, whose secret cannot be read again.
  const descriptor = createTokenFile(path);
  let isWritten = false;
  try {
    const created = await domain.bootstrap();
    if (created?.secret === undefined) return created;
    writeSecret(descriptor, created.secret, path);
    isWritten = true;
    return { tokenFile: path };
  } finally {
    closeSync(descriptor);
    if (!isWritten) rmSync(path, { force: true });
  }
}

/** Creates the file, which only the user of this process can read. A symbolic link is not followed. */
function createTokenFile(path: string): number {
  try {
    return openSync(path, "wx", 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST")
      throw new StartupError(
        `GATEHOUSE_BOOTSTRAP_TOKEN_FILE ${path} exists already. Remove it, or set the path of a new file.`,
      );
    throw new StartupError(
      `GATEHOUSE_BOOTSTRAP_TOKEN_FILE ${path} cannot be created (${code}). Check that its directory exists and is writable.`,
    );
  }
}

function writeSecret(descriptor: number, secret: string, path: string): void {
  try {
    writeSync(descriptor, `${secret}\n`);
    fsyncSync(descriptor);
    flushToDisk(dirname(path), "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartupError(
      `GATEHOUSE_BOOTSTRAP_TOKEN_FILE ${path} cannot be written (${code}). The first token is lost: revoke it, and create another one with "gatehouse token create --name NAME --scope all".`,
    );
  }
}
