import type { Request, Response } from "express";
import { AppError } from "../../errors.ts";

const mebi = 1024 * 1024;

/** Bodies of fewer bytes are not counted, so that most requests do not depend on the bodies of others. */
const largeBodyBytesMin = 64 * 1024;

/** Bytes of the large bodies that all requests together, and those of one credential, may occupy at once. */
const budgetBytes = { total: 64 * mebi, caller: 32 * mebi };

/**
 * Bounds the memory that bodies take: a body occupies its length from the first byte until its response is complete. A
 * caller has a share of its own, so that slow uploads with one token cannot exclude the others.
 */
class BodyBudget {
  #total = 0;
  readonly #byCaller = new Map<string, number>();

  /**
   * Counts the body of a request until the response is closed.
   * @param lengthMax in bytes, the assumed length of a body that is compressed or does not state its length
   * @throws AppError unavailable when too many large bodies are in flight
   */
  reserve(req: Request, res: Response, lengthMax: number): void {
    const { "content-length": stated, "content-encoding": encoding } = req.headers;
    const bytes = stated === undefined || encoding !== undefined ? lengthMax : Math.min(lengthMax, Number(stated));
    if (bytes < largeBodyBytesMin) return;
    const caller = req.user?.actor.id ?? req.address;
    const own = this.#byCaller.get(caller) ?? 0;
    if (own + bytes > budgetBytes.caller || this.#total + bytes > budgetBytes.total) {
      throw new AppError("unavailable", "Too many large requests are in progress. Try again in a second.", {
        retryAfterSeconds: 1,
      });
    }
    this.#add(caller, bytes);
    res.once("close", () => this.#add(caller, -bytes));
  }

  #add(caller: string, bytes: number): void {
    this.#total += bytes;
    const own = (this.#byCaller.get(caller) ?? 0) + bytes;
    if (own > 0) this.#byCaller.set(caller, own);
    else this.#byCaller.delete(caller);
  }
}

/** One for the process: all APIs share its memory. */
export const bodyBudget = new BodyBudget();
