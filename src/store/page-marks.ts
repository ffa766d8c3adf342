import type { Position, Query } from "./collection.ts";

/** Collections of organisations that are remembered, the pages of each, and the longest question that is. */
const booksMax = 100;
const marksMax = 32;
const questionMax = 2000;

/**
 * Remembers where pages ended that were asked for by offset, so that the page after goes on from there: reading a list
 * page by page would else pass over all that came before, again for each page. What this process writes ends the marks
 * that it could make wrong, so that offsets stay exact; what other processes write is not seen, which is why marks may
 * have a short life.
 */
export class PageMarks {
  readonly #books = new Map<string, Book>();
  readonly #lifeMs: number;

  /** @param lifeMs how long a mark is used */
  constructor(lifeMs = Number.POSITIVE_INFINITY) {
    this.#lifeMs = lifeMs;
  }

  /** The marks of one collection as it is now. To be taken before a page is read: the book of before a change is dead. */
  book(collection: string, organizationId: string): Book {
    const name = bookName(collection, organizationId);
    const book = this.#books.get(name) ?? new Book(this.#lifeMs);
    this.#books.delete(name); // the least used goes first
    this.#books.set(name, book);
    dropOldest(this.#books, booksMax);
    return book;
  }

  /** To be told of what was written, before it is acknowledged. */
  wrote(changes: RecordChanges): void {
    for (const [name, lowestId] of changes.lowest) {
      const book = this.#books.get(name);
      if (book) this.#books.set(name, book.after(lowestId));
    }
  }
}

/** What a transaction has written: where, and which records. */
export class RecordChanges {
  /** By collection, the lowest id of those that came or went; undefined where records only changed. */
  readonly lowest = new Map<string, string | undefined>();

  /** By organisation, the ids of records, and of members whose memberships have changed. */
  readonly ids = new Map<string, Set<string>>();

  /** @param how whether the record came or went, or has only changed */
  note(collection: string, organizationId: string, id: string, how: "place" | "content"): void {
    this.noteId(organizationId, id);
    const name = bookName(collection, organizationId);
    const before = this.lowest.get(name);
    if (how === "content") this.lowest.set(name, before);
    else this.lowest.set(name, before !== undefined && before < id ? before : id);
  }

  /** @param id of a record, or of a member */
  noteId(organizationId: string, id: string): void {
    const ids = this.ids.get(organizationId) ?? new Set();
    this.ids.set(organizationId, ids.add(id));
  }
}

/** The record before an offset, and how many matches there were when that was found out. */
export interface Mark {
  readonly position: Position;
  readonly total?: number;
}

/** The marks of one collection of one organisation. */
class Book {
  readonly #lifeMs: number;
  /** By question and offset. */
  readonly #marks = new Map<string, Mark & { readonly until: number; readonly isPlain: boolean }>();

  constructor(lifeMs: number) {
    this.#lifeMs = lifeMs;
  }

  /** Where the page begins; undefined when it is not known. */
  find(query: Query): Mark | undefined {
    if (!query.offset) return undefined;
    const mark = this.#marks.get(keyOf(query, query.offset));
    return mark && mark.until > Date.now() ? mark : undefined;
  }

  /**
   * @param position the last record of the page that answers the query
   * @param total how many matches there were then, where it is known
   */
  keep(query: Query, position: Position, total?: number): void {
    const key = keyOf(query, (query.offset ?? 0) + query.limit);
    if (key.length > questionMax) return;
    this.#marks.delete(key);
    this.#marks.set(key, {
      position,
      ...(total !== undefined && { total }),
      until: Date.now() + this.#lifeMs,
      isPlain: isPlain(query),
    });
    dropOldest(this.#marks, marksMax);
  }

  /**
   * The book once records have come, gone or changed.
   * @param lowestId of those that came or went. In a list of all records by id those before it keep their places
   */
  after(lowestId: string | undefined): Book {
    const book = new Book(this.#lifeMs);
    for (const [key, mark] of this.#marks) {
      if (mark.isPlain && (lowestId === undefined || mark.position.id < lowestId)) book.#marks.set(key, mark);
    }
    return book;
  }
}

export type { Book };

function dropOldest(map: Map<string, unknown>, max: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= max) return;
    map.delete(oldest);
  }
}

const bookName = (collection: string, organizationId: string): string => `${collection} ${organizationId}`;

const keyOf = ({ where, sort }: Query, offset: number): string => JSON.stringify([offset, sort, where]);

/** A list of all records in the order of their ids, which is the order in which they came. */
const isPlain = ({ where, sort }: Query): boolean =>
  where === undefined && (sort === undefined || (sort.path === "id" && sort.direction === "ascending"));
