import { once } from "node:events";
import { createReadStream, createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { exportData, type WriteChunk } from "../domain/transfer/export.ts";
import { importData } from "../domain/transfer/import.ts";
import { discardPendingImports } from "../domain/transfer/pending-import.ts";
import { verifyStore } from "../domain/verify/verify.ts";
import { StartupError } from "../errors.ts";
import { NewFile } from "../store/new-file.ts";
import { parseCommandArgs } from "./arguments.ts";
import { type CliCommand, UsageError } from "./command.ts";

/** The commands that copy, move and check whole stores, by name. */
export const dataCommands: Readonly<Record<string, CliCommand>> = {
  backup: {
    synopsis: ["[--to DIRECTORY]"],
    summary: "Copies the embedded database to a new file, while it is in use.",
    notes: ["The default directory is DATA_DIR/backups. The path of the file is printed on standard output."],
    pathOptions: ["to"],
    run: async (args, { config: { dataDir }, withDomain, print }) => {
      const { values } = parseCommandArgs(args, { to: { type: "string" } });
      const path = await withDomain(async ({ store }) => {
        const directory = values.to ?? createBackupDirectory(dataDir);
        const target = join(directory, `gatehouse-${new Date().toISOString().replaceAll(/[:.]/g, "-")}.db`);
        await store.backup(target);
        return target;
      });
      print(path);
      return undefined;
    },
  },
  export: {
    synopsis: ["[--organization SLUG ...] [--without-logs] [--with-credentials] [--to FILE]"],
    summary: "Writes organizations with all their records as JSON Lines, as they are at one point in time.",
    pathOptions: ["to"],
    notes: [
      "Without --organization, all organizations are exported. Without --to, the export goes to standard output.",
      "It has hashes of tokens and personal data, and no secret. With --with-credentials, it has the encrypted",
      "credentials of MCP servers.",
    ],
    run: async (args, { withDomain, write, report }) => {
      const { values } = parseCommandArgs(args, {
        organization: { type: "string", multiple: true },
        "without-logs": { type: "boolean" },
        "with-credentials": { type: "boolean" },
        to: { type: "string" },
      });
      const options = {
        slugs: values.organization,
        hasLogs: !values["without-logs"],
        hasCredentials: values["with-credentials"] ?? false,
      };
      const trailer = await withDomain(({ store }) =>
        values.to === undefined
          ? exportData(store, options, write)
          : writeToFile(values.to, (writeChunk) => exportData(store, options, writeChunk)),
      );
      report(`Exported ${formatCounts(trailer.counts)}.`);
      return undefined;
    },
  },
  import: {
    synopsis: ["{FILE | - | --discard}"],
    summary: "Imports an export into a store that has none of its organizations. `-` is standard input.",
    notes: [
      "With the embedded database, stop the service first.",
      "--discard removes what an interrupted import has written. Another import does so, too.",
    ],
    createsStore: true,
    isExclusive: true,
    run: async (args, { withDomain, input, printJson, report }) => {
      if (args[0] === "--discard") {
        parseCommandArgs(args, { discard: { type: "boolean" } });
        const count = await withDomain(({ store }) => discardPendingImports(store));
        report(`Removed ${count} unfinished imports.`);
        return undefined;
      }
      const { FILE: file } = parseCommandArgs(args, {}, "FILE");
      if (file === "") throw new UsageError("FILE is required");
      const source = file === "-" ? input : readFile(file);
      printJson(await withDomain(({ store }) => importData(store, source)));
      return undefined;
    },
  },
  verify: {
    synopsis: [""],
    summary: "Checks the invariants of all stored data, and prints one JSON object for each violation.",
    notes: ["It writes nothing. The last line is a summary. The exit code is 1 when there are violations."],
    run: async (args, { withDomain, write, printJson }) => {
      parseCommandArgs(args, {});
      const summary = await withDomain(({ store }) =>
        verifyStore(store, (violation) => write(`${JSON.stringify(violation)}\n`)),
      );
      printJson(summary);
      return Object.keys(summary.violations).length === 0 ? 0 : 1;
    },
  },
};

/** The directory of backups without `--to`. */
function createBackupDirectory(dataDir: string): string {
  const directory = join(dataDir, "backups");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** @throws StartupError if the file cannot be read */
async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) yield chunk as Uint8Array;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new StartupError(`${path} cannot be read (${code}). Check the path and the permissions.`);
  }
}

/** Writes a new file. @throws AppError conflict if it exists; StartupError if it cannot be written */
async function writeToFile<R>(path: string, work: (write: WriteChunk) => Promise<R>): Promise<R> {
  const file = new NewFile(path);
  try {
    const stream = createWriteStream(file.partialPath, { flags: "r+" });
    const done = finished(stream);
    done.catch(() => undefined); // reported by the write that fails, or below
    const result = await work(async (chunk) => {
      if (!stream.write(chunk)) await Promise.race([once(stream, "drain"), done]);
    }).catch((error: unknown) => {
      stream.destroy();
      throw error;
    });
    stream.end();
    await done;
    file.commit();
    return result;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    throw syscall === undefined
      ? error
      : new StartupError(`${path} cannot be written (${code}). Check the free space.`);
  } finally {
    file.discard();
  }
}

function formatCounts(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return parts.length === 0 ? "nothing" : parts.join(", ");
}
