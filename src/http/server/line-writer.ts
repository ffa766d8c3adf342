import type { Writable } from "node:stream";
import type { Log } from "../../log.ts";

/** Lines are collected for this time before they are written, in milliseconds. */
const collectMs = 200;
/** Characters after which the collected lines are written at once. */
const batchCharacters = 64 * 1024;
/** How long the last lines may take at shutdown, in milliseconds. */
const closeMsMax = 2000;

export interface LineWriterOptions {
  readonly log: Log;
  /** Names the lines in the log: `access`. */
  readonly name: string;
  /** Characters that are kept while the destination does not accept any more. */
  readonly charactersMax?: number;
}

/**
 * Writes lines to a stream in batches, one batch at a time. It waits for a reader that does not read without holding
 * memory beyond a limit: the lines that do not fit are dropped, and the log counts them. It never fails a request. After
 * a failed write it drops all lines, because a stream does not recover.
 */
export class LineWriter {
  readonly #stream: Writable;
  readonly #log: Log;
  readonly #name: string;
  readonly #charactersMax: number;
  #lines: string[] = [];
  #characters = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #hasFailed = false;

  constructor(stream: Writable, { log, name, charactersMax = 8 * 1024 * 1024 }: LineWriterOptions) {
    this.#stream = stream;
    this.#log = log;
    this.#name = name;
    this.#charactersMax = charactersMax;
    // Without a listener, a reader that goes away would end the process. Each write reports its error as well.
    stream.on("error", () => {});
  }

  /** @param line without a line break */
  write(line: string): void {
    if (this.#hasFailed) return;
    if (this.#characters + line.length > this.#charactersMax) {
      this.#dropped++;
      return;
    }
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters >= batchCharacters) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), collectMs).unref();
  }

  /** Writes what is left, for at most two seconds. It never throws, because a lost line must not fail a shutdown. */
  async close(): Promise<void> {
    this.#start();
    let timeout: NodeJS.Timeout | undefined;
    const timedOut = new Promise<void>((resolve) => {
      timeout = setTimeout(resolve, closeMsMax);
    });
    await Promise.race([this.#running, timedOut]);
    clearTimeout(timeout);
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running ??= this.#writeAll().finally(() => {
      this.#running = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#lines.length > 0 && !this.#hasFailed) {
      const lines = this.#lines;
      this.#lines = [];
      this.#characters = 0;
      const error = await new Promise<Error | null | undefined>((resolve) =>
        this.#stream.write(`${lines.join("\n")}\n`, resolve),
      );
      if (error) this.#stop(error);
      else if (this.#dropped > 0) this.#reportDropped();
    }
  }

  /** The reader has gone, or the disk is full. */
  #stop(cause: Error): void {
    this.#hasFailed = true;
    this.#lines = [];
    const lines = this.#name;
    this.#log.error("lines cannot be written any more, until the service is restarted", { lines, cause });
  }

  #reportDropped(): void {
    this.#log.warn("lines were dropped, because their reader is too slow", { lines: this.#name, count: this.#dropped });
    this.#dropped = 0;
  }
}
