import type { RawRecord } from "../../record.ts";
import { decodeKey } from "../document.ts";

/**
 * Converts a document from BSON to a record with its JSON, without creating objects in between. The bytes of keys and
 * values are copied to the JSON as they are, because a stored string is valid UTF-8. For a list of users, that is a fifth of
 * the cost of `deserialize` and `JSON.stringify`.
 * @param bytes one BSON document: an envelope, and any other fields of the types that JSON has
 * @param omittedField the stored name of a field that is not returned
 * @throws Error for a BSON type that no record contains
 * @see https://bsonspec.org/spec.html
 */
export function decodeRawDocument(bytes: Uint8Array, omittedField?: string): RawRecord {
  return decoder.decode(bytes, omittedField);
}

/**
 * Reads a string of a document.
 * @param path the stored names of the field and of the fields around it, outermost first
 * @returns undefined if the document has no such string
 */
export function readRawString(bytes: Uint8Array, ...path: readonly string[]): string | undefined {
  return decoder.readString(bytes, path);
}

/** Reads a number at the top level of a document. @returns undefined if the document has no such number */
export function readRawNumber(bytes: Uint8Array, name: string): number | undefined {
  return decoder.readNumber(bytes, name);
}

/** The types of BSON that records contain. */
const bsonTypes = { double: 1, string: 2, document: 3, array: 4, boolean: 8, null: 10, int32: 16, int64: 18 } as const;

const [quote, comma, colon, percent, backslash] = [0x22, 0x2c, 0x3a, 0x25, 0x5c] as const;
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d] as const;

/** The most bytes of JSON per byte of a number or of a key: a double of eight bytes has up to 24 digits. */
const growthMax = 6;
/** The largest buffer that is kept between documents, in bytes. */
const keptBytesMax = 1_048_576;

/** Holds the buffers of one conversion, which is synchronous. */
class Decoder {
  #input: Buffer = Buffer.alloc(0);
  #output: Buffer = Buffer.allocUnsafe(16_384);
  #at = 0;
  #length = 0;
  #isAscii = true;

  decode(bytes: Uint8Array, omittedField: string | undefined): RawRecord {
    this.#open(bytes);
    let [id, organizationId, createdAt, updatedAt] = ["", "", "", ""];
    let version = 0;
    this.#put(openBrace);
    for (let type = this.#next(); type !== 0; type = this.#next()) {
      const keyStart = this.#at;
      this.#skipKey();
      switch (this.#envelopeField(keyStart)) {
        case "_id":
          this.#skipValue(type);
          break;
        case "id":
          id = this.#takeString();
          break;
        case "organizationId":
          organizationId = this.#takeString();
          break;
        case "createdAt":
          createdAt = this.#takeString();
          break;
        case "updatedAt":
          updatedAt = this.#takeString();
          break;
        case "version":
          version = this.#takeNumber(type);
          break;
        default:
          if (omittedField !== undefined && this.#isKey(keyStart, omittedField)) this.#skipValue(type);
          else this.#writeMember(type, keyStart);
      }
    }
    this.#put(closeBrace);
    const json = this.#output.toString(this.#isAscii ? "latin1" : "utf8", 0, this.#length);
    this.#close();
    return { id, organizationId, version, createdAt, updatedAt, json };
  }

  readString(bytes: Uint8Array, path: readonly string[]): string | undefined {
    this.#open(bytes);
    let depth = 0;
    for (let type = this.#next(); type !== 0; type = this.#next()) {
      const keyStart = this.#at;
      this.#skipKey();
      const isOnPath = this.#isKey(keyStart, path[depth] as string);
      if (isOnPath && depth < path.length - 1 && type === bsonTypes.document) {
        depth++;
        this.#at += 4; // continues inside
      } else if (isOnPath)
        return depth === path.length - 1 && type === bsonTypes.string ? this.#takeString() : undefined;
      else this.#skipValue(type);
    }
    return undefined;
  }

  readNumber(bytes: Uint8Array, name: string): number | undefined {
    this.#open(bytes);
    for (let type = this.#next(); type !== 0; type = this.#next()) {
      const keyStart = this.#at;
      this.#skipKey();
      if (this.#isKey(keyStart, name)) return isNumberType(type) ? this.#takeNumber(type) : undefined;
      this.#skipValue(type);
    }
    return undefined;
  }

  #open(bytes: Uint8Array): void {
    this.#input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 4; // after the length of the document
    this.#length = 0;
    this.#isAscii = true;
    this.#reserve(bytes.byteLength * growthMax);
  }

  #close(): void {
    if (this.#output.length > keptBytesMax) this.#output = Buffer.allocUnsafe(16_384);
  }

  #reserve(bytes: number): void {
    if (this.#output.length - this.#length >= bytes) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#output.length * 2, this.#length + bytes));
    this.#output.copy(larger, 0, 0, this.#length);
    this.#output = larger;
  }

  #put(byte: number): void {
    this.#output[this.#length++] = byte;
  }

  /** Reads the type of the next element; 0 at the end of the document. */
  #next(): number {
    return this.#input[this.#at++] ?? 0;
  }

  /** Moves past a key and its NUL. */
  #skipKey(): void {
    while (this.#input[this.#at] !== 0) this.#at++;
    this.#at++;
  }

  /** Whether the key that begins here and ends before the current position is this ASCII string. */
  #isKey(keyStart: number, name: string): boolean {
    if (this.#at - 1 - keyStart !== name.length) return false;
    for (let index = 0; index < name.length; index++)
      if (this.#input[keyStart + index] !== name.charCodeAt(index)) return false;
    return true;
  }

  #envelopeField(keyStart: number): (typeof envelopeFields)[number] | undefined {
    return envelopeFields.find((name) => this.#isKey(keyStart, name));
  }

  #takeInt32(): number {
    const value = this.#input.readInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  #takeString(): string {
    const end = this.#takeInt32() + this.#at - 1;
    const value = this.#input.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return value;
  }

  #takeNumber(type: number): number {
    if (type === bsonTypes.int32) return this.#takeInt32();
    const value =
      type === bsonTypes.double ? this.#input.readDoubleLE(this.#at) : Number(this.#input.readBigInt64LE(this.#at));
    this.#at += 8;
    return value;
  }

  #skipValue(type: number): void {
    switch (type) {
      case bsonTypes.string:
        this.#at += 4 + this.#input.readInt32LE(this.#at);
        break;
      case bsonTypes.document:
      case bsonTypes.array:
        this.#at += this.#input.readInt32LE(this.#at);
        break;
      case bsonTypes.boolean:
        this.#at += 1;
        break;
      case bsonTypes.null:
        break;
      case bsonTypes.int32:
        this.#at += 4;
        break;
      case bsonTypes.int64:
      case bsonTypes.double:
        this.#at += 8;
        break;
      default:
        throw unexpectedType(type);
    }
  }

  /** Writes a member of an object. The current position is after its key. */
  #writeMember(type: number, keyStart: number): void {
    if (this.#output[this.#length - 1] !== openBrace) this.#put(comma);
    this.#writeString(keyStart, this.#at - 1, true);
    this.#put(colon);
    this.#writeValue(type);
  }

  #writeValue(type: number): void {
    switch (type) {
      case bsonTypes.string: {
        const end = this.#takeInt32() + this.#at - 1;
        this.#writeString(this.#at, end, false);
        this.#at = end + 1;
        break;
      }
      case bsonTypes.document:
        this.#writeObject();
        break;
      case bsonTypes.array:
        this.#writeArray();
        break;
      case bsonTypes.boolean:
        this.#writeText(this.#next() === 0 ? "false" : "true");
        break;
      case bsonTypes.null:
        this.#writeText("null");
        break;
      case bsonTypes.int32:
      case bsonTypes.int64:
      case bsonTypes.double:
        this.#writeText(JSON.stringify(this.#takeNumber(type)));
        break;
      default:
        throw unexpectedType(type);
    }
  }

  #writeObject(): void {
    this.#at += 4;
    this.#put(openBrace);
    for (let type = this.#next(); type !== 0; type = this.#next()) {
      const keyStart = this.#at;
      this.#skipKey();
      this.#writeMember(type, keyStart);
    }
    this.#put(closeBrace);
  }

  #writeArray(): void {
    this.#at += 4;
    this.#put(openBracket);
    for (let type = this.#next(), isFirst = true; type !== 0; type = this.#next(), isFirst = false) {
      this.#skipKey();
      if (!isFirst) this.#put(comma);
      this.#writeValue(type);
    }
    this.#put(closeBracket);
  }

  /** Copies a string of the input. One that JSON must escape is converted, as is a key with an escaped character. */
  #writeString(start: number, end: number, isKey: boolean): void {
    const [input, output] = [this.#input, this.#output];
    let length = this.#length;
    output[length++] = quote;
    for (let index = start; index < end; index++) {
      const byte = input[index] as number;
      if (byte < 32 || byte === quote || byte === backslash || (isKey && byte === percent)) {
        const text = input.toString("utf8", start, end);
        this.#writeText(JSON.stringify(isKey ? decodeKey(text) : text));
        return;
      }
      if (byte > 127) this.#isAscii = false;
      output[length++] = byte;
    }
    output[length++] = quote;
    this.#length = length;
  }

  #writeText(text: string): void {
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) {
        this.#isAscii = false;
        this.#length += this.#output.write(text.slice(index), this.#length, "utf8");
        return;
      }
      this.#put(code);
    }
  }
}

const envelopeFields = ["_id", "id", "organizationId", "version", "createdAt", "updatedAt"] as const;

const isNumberType = (type: number): boolean =>
  type === bsonTypes.int32 || type === bsonTypes.int64 || type === bsonTypes.double;

const unexpectedType = (type: number): Error => new Error(`a record cannot contain a BSON value of type ${type}`);

const decoder = new Decoder();
