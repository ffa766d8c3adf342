/**
 * Reads the elements of a BSON document one after another, without creating objects. It is synchronous, and reads one
 * document at a time.
 * @see https://bsonspec.org/spec.html
 */
export class BsonReader {
  protected input: Buffer = Buffer.alloc(0);
  protected at = 0;

  readString(bytes: Uint8Array, path: readonly string[]): string | undefined {
    this.open(bytes);
    let depth = 0;
    for (let type = this.next(); type !== 0; type = this.next()) {
      const keyStart = this.at;
      this.skipKey();
      const isOnPath = this.isKey(keyStart, path[depth] as string);
      if (isOnPath && depth < path.length - 1 && type === bsonTypes.document) {
        depth++;
        this.at += 4; // continues inside
      } else if (isOnPath)
        return depth === path.length - 1 && type === bsonTypes.string ? this.takeString() : undefined;
      else this.skipValue(type);
    }
    return undefined;
  }

  readNumber(bytes: Uint8Array, name: string): number | undefined {
    this.open(bytes);
    for (let type = this.next(); type !== 0; type = this.next()) {
      const keyStart = this.at;
      this.skipKey();
      if (this.isKey(keyStart, name)) return isNumberType(type) ? this.takeNumber(type) : undefined;
      this.skipValue(type);
    }
    return undefined;
  }

  /** Reads the type of the next element; 0 at the end of the document. */
  protected next(): number {
    return this.input[this.at++] ?? 0;
  }

  /** Moves past a key and its NUL. */
  protected skipKey(): void {
    while (this.input[this.at] !== 0) this.at++;
    this.at++;
  }

  /** Whether the key that begins here and ends before the current position is this ASCII string. */
  protected isKey(keyStart: number, name: string): boolean {
    if (this.at - 1 - keyStart !== name.length) return false;
    for (let index = 0; index < name.length; index++)
      if (this.input[keyStart + index] !== name.charCodeAt(index)) return false;
    return true;
  }

  protected takeInt32(): number {
    const value = this.input.readInt32LE(this.at);
    this.at += 4;
    return value;
  }

  protected takeString(): string {
    const end = this.takeInt32() + this.at - 1;
    const value = this.input.toString("utf8", this.at, end);
    this.at = end + 1;
    return value;
  }

  protected takeNumber(type: number): number {
    if (type === bsonTypes.int32) return this.takeInt32();
    const value =
      type === bsonTypes.double ? this.input.readDoubleLE(this.at) : Number(this.input.readBigInt64LE(this.at));
    this.at += 8;
    return value;
  }

  protected skipValue(type: number): void {
    switch (type) {
      case bsonTypes.string:
        this.at += 4 + this.input.readInt32LE(this.at);
        break;
      case bsonTypes.document:
      case bsonTypes.array:
        this.at += this.input.readInt32LE(this.at);
        break;
      case bsonTypes.boolean:
        this.at += 1;
        break;
      case bsonTypes.null:
        break;
      case bsonTypes.int32:
        this.at += 4;
        break;
      case bsonTypes.int64:
      case bsonTypes.double:
        this.at += 8;
        break;
      default:
        throw unexpectedType(type);
    }
  }

  /** Begins to read a document. */
  protected open(bytes: Uint8Array): void {
    this.input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 4; // after the length of the document
  }
}

/**
 * Reads a string of a document.
 * @param path the stored names of the field and of the fields around it, outermost first
 * @returns undefined if the document has no such string
 */
export function readRawString(bytes: Uint8Array, ...path: readonly string[]): string | undefined {
  return reader.readString(bytes, path);
}

/** Reads a number at the top level of a document. @returns undefined if the document has no such number */
export function readRawNumber(bytes: Uint8Array, name: string): number | undefined {
  return reader.readNumber(bytes, name);
}

/** The types of BSON that records contain. */
export const bsonTypes = {
  double: 1,
  string: 2,
  document: 3,
  array: 4,
  boolean: 8,
  null: 10,
  int32: 16,
  int64: 18,
} as const;

const isNumberType = (type: number): boolean =>
  type === bsonTypes.int32 || type === bsonTypes.int64 || type === bsonTypes.double;

/** Returns the error for a type that no record contains. */
export const unexpectedType = (type: number): Error =>
  new Error(`a record cannot contain a BSON value of type ${type}`);

const reader = new BsonReader();
