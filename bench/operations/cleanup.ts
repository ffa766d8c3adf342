import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a program works with. */
export interface Workspace {
  /** A directory that is removed at the end. */
  readonly directory: string;
  /** Runs this at the end, before what was registered earlier. */
  onEnd(dispose: () => unknown): void;
}

/**
 * Runs a program in a workspace that is removed at its end, also after an error and after SIGINT or SIGTERM.
 * @param program returns the exit code
 */
export async function runInWorkspace(program: (workspace: Workspace) => Promise<number>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-operations-"));
  const disposals: (() => unknown)[] = [() => rm(directory, { recursive: true, force: true })];
  const dispose = async (): Promise<void> => {
    // Waiting for the end of a process does not keep this one alive.
    const keepAlive = setInterval(() => undefined, 1000);
    for (const each of disposals.splice(0).reverse()) {
      try {
        await each();
      } catch (error) {
        process.stderr.write(`${String(error)}\n`);
      }
    }
    clearInterval(keepAlive);
  };
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      // npm passes on a signal that the terminal has sent to this process already.
      if (!isInterrupted) void dispose().finally(() => process.exit(130));
      isInterrupted = true;
    });
  try {
    process.exitCode = await program({ directory, onEnd: (each) => void disposals.push(each) });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await dispose();
  }
}
