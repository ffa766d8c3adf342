import type { RawRecord } from "../../record.ts";
import { decodeKey } from "../document.ts";
import { BsonReader, bsonTypes, unexpectedType } from "./bson-reader.ts";

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

const [quote, comma, colon, percent, backslash] = [0x22, 0x2c, 0x3a, 0x25, 0x5c] as const;
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d] as const;

/** The most bytes of JSON per byte of a number or of a key: a double of eight bytes has up to 24 digits. */
const growthMax = 6;
/** The largest buffer that is kept between documents, in bytes. */
const keptBytesMax = 1_048_576;

/** Holds the buffers of one conversion, which is synchronous. */
class Decoder extends BsonReader {
  #output: Buffer = Buffer.allocUnsafe(16_384);
  #length = 0;
  #isAscii = true;

  decode(bytes: Uint8Array, omittedField: string | undefined): RawRecord {
    this.#start(bytes);
    let [id, organizationId, createdAt, updatedAt] = ["", "", "", ""];
    let version = 0;
    this.#put(openBrace);
    for (let type = this.next(); type !== 0; type = this.next()) {
      const keyStart = this.at;
      this.skipKey();
      switch (this.#envelopeField(keyStart)) {
        case "_id":
          this.skipValue(type);
          break;
        case "id":
          id = this.takeString();
          break;
        case "organizationId":
          organizationId = this.takeString();
          break;
        case "createdAt":
          createdAt = this.takeString();
          break;
        case "updatedAt":
          updatedAt = this.takeString();
          break;
        case "version":
          version = this.takeNumber(type);
          break;
        default:
          if (omittedField !== undefined && this.isKey(keyStart, omittedField)) this.skipValue(type);
          else this.#writeMember(type, keyStart);
      }
    }
    this.#put(closeBrace);
    const json = this.#output.toString(this.#isAscii ? "latin1" : "utf8", 0, this.#length);
    this.#close();
    return { id, organizationId, version, createdAt, updatedAt, json };
  }

  #start(bytes: Uint8Array): void {
    this.open(bytes);
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

  #envelopeField(keyStart: number): (typeof envelopeFields)[number] | undefined {
    return envelopeFields.find((name) => this.isKey(keyStart, name));
  }

  /** Writes a member of an object. The current position is after its key. */
  #writeMember(type: number, keyStart: number): void {
    if (this.#output[this.#length - 1] !== openBrace) this.#put(comma);
    this.#writeString(keyStart, this.at - 1, true);
    this.#put(colon);
    this.#writeValue(type);
  }

  #writeValue(type: number): void {
    switch (type) {
      case bsonTypes.string: {
        const end = this.takeInt32() + this.at - 1;
        this.#writeString(this.at, end, false);
        this.at = end + 1;
        break;
      }
      case bsonTypes.document:
        this.#writeObject();
        break;
      case bsonTypes.array:
        this.#writeArray();
        break;
      case bsonTypes.boolean:
        this.#writeText(this.next() === 0 ? "false" : "true");
        break;
      case bsonTypes.null:
        this.#writeText("null");
        break;
      case bsonTypes.int32:
      case bsonTypes.int64:
      case bsonTypes.double:
        this.#writeText(JSON.stringify(this.takeNumber(type)));
        break;
      default:
        throw unexpectedType(type);
    }
  }

  #writeObject(): void {
    this.at += 4;
    this.#put(openBrace);
    for (let type = this.next(); type !== 0; type = this.next()) {
      const keyStart = this.at;
      this.skipKey();
      this.#writeMember(type, keyStart);
    }
    this.#put(closeBrace);
  }

  #writeArray(): void {
    this.at += 4;
    this.#put(openBracket);
    for (let type = this.next(), isFirst = true; type !== 0; type = this.next(), isFirst = false) {
      this.skipKey();
      if (!isFirst) this.#put(comma);
      this.#writeValue(type);
    }
    this.#put(closeBracket);
  }

  /** Copies a string of the input. One that JSON must escape is converted, as is a key with an escaped character. */
  #writeString(start: number, end: number, isKey: boolean): void {
    const [input, output] = [this.input, this.#output];
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

const decoder = new Decoder();
