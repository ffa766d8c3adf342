import { AppError } from "../../errors.ts";
import type { PatchOperation } from "../patch/message.ts";
import { normalizeChangeValue } from "../patch/quirks.ts";
import type { Attribute } from "../schema/definitions.ts";
import {
  type AttributeReference,
  findSubAttribute,
  isCoreUrn,
  type ResourceSchema,
  resolveAttributePath,
} from "../schema/resource-schema.ts";
import { isObject, type JsonObject } from "./json.ts";
import { invalidValue } from "./validate.ts";

/** An attribute in a request that no schema defines. */
export interface UnknownAttribute {
  /** As an attribute path; the last part is spelled as in the request. */
  readonly path: string;
  /** Null unassigns: a client that unassigns what does not exist wants nothing. */
  readonly isNull: boolean;
}

/** Input of a request without the attributes that no schema defines. */
export interface KnownInput<Input> {
  readonly known: Input;
  readonly unknown: readonly UnknownAttribute[];
}

/**
 * Removes what no schema defines from the body of a POST or PUT, and attributes in an object under the URN of the core
 * schema from that object. The result is the input of `parseUser` and `parseGroup`. Idempotent.
 * @throws AppError invalid-request for a duplicate attribute; invalid-value for a JSON document in a string
 */
export function selectKnownAttributes(body: unknown, schema: ResourceSchema): KnownInput<unknown> {
  if (!isObject(body)) return { known: body, unknown: [] };
  const selection = new Selection(schema);
  return { known: selection.selectFromBody(body), unknown: selection.unknown };
}

/**
 * Removes what no schema defines from the values of PATCH operations, and read-only attributes from values without a
 * path: clients send whole resources there (RFC 7644 section 3.5.1 ignores them in a PUT). Paths stay as they are.
 * Idempotent.
 * @throws AppError invalid-request for a duplicate attribute; invalid-value for a JSON document in a string
 */
export function selectKnownOperations(
  operations: readonly PatchOperation[],
  schema: ResourceSchema,
): KnownInput<readonly PatchOperation[]> {
  const selection = new Selection(schema);
  const known = operations.map((operation) => selection.selectFromOperation(operation));
  return { known, unknown: selection.unknown };
}

/** Above what the limits of changes accept. Each key is resolved as a path. */
const keysMax = 10_000;

type Entry = readonly [name: string, value: unknown];

class Selection {
  readonly unknown: UnknownAttribute[] = [];
  readonly #schema: ResourceSchema;
  #keyCount = 0;

  constructor(schema: ResourceSchema) {
    this.#schema = schema;
  }

  selectFromBody(body: JsonObject, prefix = ""): JsonObject {
    return toObject(
      Object.entries(body).flatMap(([name, input]): readonly Entry[] => {
        const path = prefix + name;
        const value = unwrapObject(input);
        if (prefix === "" && isCoreUrn(this.#schema, name) && isObject(value)) {
          return Object.entries(this.selectFromBody(value, `${this.#schema.urn}:`)).map(qualify(this.#schema.urn));
        }
        const reference = resolveAttributePath(this.#schema, path);
        const { extension, attribute, subAttribute } = reference ?? {};
        if (extension && !attribute)
          return [[name, isObject(value) ? this.selectFromBody(value, `${extension.urn}:`) : value]];
        if (prefix !== "" && name.toLowerCase() === "schemas") return [];
        if (!attribute || subAttribute) return this.#reject(path, input);
        return [[name, this.#selectFromValue(attribute, input, toName(reference))]];
      }),
    );
  }

  selectFromOperation(operation: PatchOperation): PatchOperation {
    const { op, path, value } = operation;
    if (value === undefined) return operation;
    if (path === undefined) return isObject(value) ? { op, value: this.#selectFromChanges(value) } : operation;
    const object = unwrapObject(value);
    if (isCoreUrn(this.#schema, path) && isObject(object) && op !== "remove")
      return { op, value: this.#selectFromChanges({ [path]: object }) };
    const reference = resolveAttributePath(this.#schema, splitPath(path).attributePath);
    if (!reference) return operation; // the patch engine rejects the path
    const { extension, attribute, subAttribute } = reference;
    if (attribute) {
      const input = path.includes("[") ? value : normalizeChangeValue(value, subAttribute ?? attribute);
      return { ...operation, value: this.#selectFromTarget(path, reference, input, true) };
    }
    return extension && isObject(object)
      ? { ...operation, value: this.#selectFromChanges(object, `${extension.urn}:`) }
      : operation;
  }

  /** Selects from an object whose keys are paths. */
  #selectFromChanges(body: JsonObject, prefix = ""): JsonObject {
    this.#keyCount += Object.keys(body).length;
    if (this.#keyCount > keysMax)
      throw new AppError("too-large", `The operations have more than ${keysMax} keys without a path.`);
    return toObject(
      Object.entries(body).flatMap(([name, input]): readonly Entry[] => {
        const path = prefix + name;
        const object = unwrapObject(input);
        if (prefix === "" && isCoreUrn(this.#schema, name) && isObject(object)) {
          return Object.entries(this.#selectFromChanges(object, `${this.#schema.urn}:`)).map(qualify(this.#schema.urn));
        }
        const { attributePath, subAttributeName } = splitPath(path);
        const reference = resolveAttributePath(this.#schema, attributePath);
        const { extension, attribute } = reference ?? {};
        if (extension && !attribute)
          return [[name, isObject(object) ? this.#selectFromChanges(object, `${extension.urn}:`) : input]];
        if (!attribute && prefix !== "" && name.toLowerCase() === "schemas") return [];
        const subAttribute =
          attribute && subAttributeName !== undefined
            ? findSubAttribute(attribute, subAttributeName)
            : reference?.subAttribute;
        if (!reference || !attribute || (subAttributeName !== undefined && !subAttribute))
          return this.#reject(path, input);
        const isIgnored = attribute.mutability === "readOnly" || subAttribute?.mutability === "readOnly";
        if (isIgnored || attribute.name === "schemas") return [];
        return [[name, this.#selectFromTarget(path, reference, input)]];
      }),
    );
  }

  #selectFromTarget(path: string, reference: AttributeReference, input: unknown, keepsReadOnly = false): unknown {
    const { attribute, subAttribute } = reference;
    if (!attribute) return input;
    if (!subAttribute && splitPath(path).subAttributeName === undefined)
      return this.#selectFromValue(attribute, input, toName(reference), keepsReadOnly);
    if (attribute.type === "complex") assertNoJsonDocument(attribute, input);
    return input;
  }

  /**
   * Selects from the value of an attribute: an object, a list of objects, or a string in place of one.
   * @param keepsReadOnly whether the value has a path of its own, so that setting a read-only sub-attribute is an error
   */
  #selectFromValue(attribute: Attribute, input: unknown, name: string, keepsReadOnly = false): unknown {
    // A group can have 50,000 members; only their ids are read.
    if (attribute.type !== "complex" || attribute.mutability === "readOnly" || attribute.name === "members")
      return input;
    if (Array.isArray(input))
      return input.map((each: unknown) => this.#selectFromElement(attribute, each, name, keepsReadOnly));
    return this.#selectFromElement(attribute, input, name, keepsReadOnly);
  }

  #selectFromElement(attribute: Attribute, input: unknown, name: string, keepsReadOnly: boolean): unknown {
    if (typeof input === "string") assertNoJsonDocument(attribute, input);
    if (!isObject(input)) return input;
    return toObject(
      Object.entries(input).flatMap(([key, value]): readonly Entry[] => {
        const subAttribute = findSubAttribute(attribute, key);
        if (!subAttribute) return this.#reject(`${name}.${key}`, value);
        if (subAttribute.mutability === "readOnly" && !keepsReadOnly) return [];
        if (subAttribute.name === "value") assertNoJsonDocument(attribute, value);
        // Clients send "" for an address that a user does not have.
        const isEmpty = attribute.multiValued && subAttribute.name === "value" && value === "";
        return isEmpty ? [] : [[key, value]];
      }),
    );
  }

  #reject(path: string, input: unknown): readonly Entry[] {
    this.unknown.push({ path, isNull: input === null });
    return [];
  }
}

/** Builds an object. @throws AppError invalid-request if two parts of the input have become the same key */
function toObject(entries: readonly Entry[]): JsonObject {
  const names = new Set<string>();
  for (const [name] of entries) {
    if (names.has(name)) throw new AppError("invalid-request", `${JSON.stringify(name)} appears more than once.`);
    names.add(name);
  }
  return Object.fromEntries(entries);
}

const qualify =
  (urn: string) =>
  ([name, value]: Entry): Entry => [`${urn}:${name}`, value];

/** Returns the object in a list of one, which some clients send in place of the object. */
function unwrapObject(input: unknown): unknown {
  return Array.isArray(input) && input.length === 1 && isObject(input[0]) ? input[0] : input;
}

/** Splits `attribute[filter].subAttribute`. A filter that is not valid is left to the parser of paths. */
function splitPath(path: string): { readonly attributePath: string; readonly subAttributeName?: string } {
  const bracket = path.indexOf("[");
  if (bracket === -1) return { attributePath: path };
  const suffix = path.slice(path.lastIndexOf("]") + 1).trim();
  const attributePath = path.slice(0, bracket).trim();
  return /^\.[\w$-]+$/.test(suffix) ? { attributePath, subAttributeName: suffix.slice(1) } : { attributePath };
}

const toName = ({ extension, attribute }: AttributeReference = {}): string =>
  [...(extension ? [extension.urn] : []), attribute?.name ?? ""].join(":");

/**
 * Some clients send elements as JSON in a string. Storing that as an e-mail address or a role would be worse than an
 * error.
 * @throws AppError invalid-value
 */
function assertNoJsonDocument(attribute: Attribute, input: unknown): void {
  const text: unknown = Array.isArray(input) && input.length === 1 ? input[0] : input;
  if (!attribute.subAttributes.has("value") || typeof text !== "string" || !/^\s*[[{]/.test(text)) return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  if (typeof value === "object") throw invalidValue(attribute.name, "must be JSON, not a string that contains JSON");
}
