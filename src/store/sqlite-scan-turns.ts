/**
 * Those who wait for one thread: organisations take turns, and within one the first comes first. However much one of
 * them asks, each other one waits for a single question of it.
 */
export class Turns<T> {
  /** In the order of whose turn is next; an organisation without questions is not in it. */
  readonly #waiting = new Map<string, T[]>();
  readonly #max: number;
  /** Whose question was taken last. */
  #served: string | undefined;

  /** @param max how many questions of one organisation may wait */
  constructor(max: number) {
    this.#max = max;
  }

  /** @returns false when too many of this organisation wait already */
  add(organizationId: string, question: T): boolean {
    const theirs = this.#waiting.get(organizationId);
    if (!theirs) this.#waiting.set(organizationId, [question]);
    else if (theirs.length < this.#max) theirs.push(question);
    else return false;
    return true;
  }

  /** Takes out the question whose turn it is, if any waits. */
  next(): T | undefined {
    this.#moveBack(this.#served);
    for (const [organizationId, [first, ...rest]] of this.#waiting) {
      this.#put(organizationId, rest);
      this.#served = organizationId;
      return first;
    }
    return undefined;
  }

  /** Takes out a question that waits no longer. */
  remove(organizationId: string, question: T): void {
    this.#put(organizationId, this.#waiting.get(organizationId)?.filter((each) => each !== question) ?? []);
  }

  /** Behind those as well that came while its question was under way. */
  #moveBack(organizationId: string | undefined): void {
    const theirs = organizationId !== undefined && this.#waiting.get(organizationId);
    if (!theirs) return;
    this.#waiting.delete(organizationId);
    this.#waiting.set(organizationId, theirs);
  }

  #put(organizationId: string, questions: T[]): void {
    if (questions.length > 0) this.#waiting.set(organizationId, questions);
    else this.#waiting.delete(organizationId);
  }
}
