import { AppError } from "../../errors.ts";
import { shown } from "./json.ts";
import { type AttributeReference, attributeAt, type ResourceSchema } from "./schema.ts";

type Json = Readonly<Record<string, unknown>>;

/** Which attributes an answer shows (RFC 7644 section 3.9). */
export interface Projection {
  /** Whether the client named the attributes that it wants. */
  readonly isAsked: boolean;
  /** Whether an attribute is to be read and shown at all. */
  shows(name: string): boolean;
  /** Whether a sub-attribute is to be shown of an attribute that is. */
  showsPart(name: string, part: string): boolean;
  apply(resource: Json): Json;
  /** Whether nothing is taken from a resource, but perhaps this one attribute as a whole or in parts. */
  isWholeBut(name: string): boolean;
}

/**
 * @param schema of the resource that is shown
 * @param attributes the paths to show, and nothing else but what is always returned
 * @param excludedAttributes the paths not to show
 * @param others schemas whose attributes may be named as well, in a search over several resource types
 * @throws AppError invalid-value when both are given, or for what no schema defines
 */
export function projectionOf(
  schema: ResourceSchema,
  attributes: readonly string[] | undefined,
  excludedAttributes: readonly string[] | undefined,
  others: readonly ResourceSchema[] = [],
): Projection {
  if (attributes && excludedAttributes) {
    throw new AppError("invalid-value", "attributes and excludedAttributes exclude each other.", {
      field: "excludedAttributes",
    });
  }
  if (attributes) return only(schema, treeOf("attributes", attributes, schema, others));
  if (!excludedAttributes) return everything;
  return without(schema, treeOf("excludedAttributes", excludedAttributes, schema, others));
}

/** What is stored is returned by default; what is never returned is never stored. */
const everything: Projection = {
  isAsked: false,
  shows: () => true,
  showsPart: () => true,
  apply: (resource) => resource,
  isWholeBut: () => true,
};

/** What is named, by lower-case names: an attribute as a whole (undefined) or some parts of it. */
type Names = Map<string, Names | undefined>;

function only(schema: ResourceSchema, names: Names): Projection {
  const shows = (name: string): boolean => isAlways(schema, name) || names.has(name.toLowerCase());
  const showsPart = (name: string, part: string): boolean =>
    names.get(name.toLowerCase())?.has(part.toLowerCase()) ?? true;
  const kept = (name: string, value: unknown): unknown =>
    shows(name) ? keep(value, names.get(name.toLowerCase())) : undefined;
  const isWholeBut = (): boolean => false;
  return { isAsked: true, shows, showsPart, apply: (resource) => cut(schema, resource, kept), isWholeBut };
}

function without(schema: ResourceSchema, names: Names): Projection {
  const isWhole = (among: Names | undefined, name: string): boolean =>
    among?.has(name.toLowerCase()) === true && among.get(name.toLowerCase()) === undefined;
  const shows = (name: string): boolean => isAlways(schema, name) || !isWhole(names, name);
  const showsPart = (name: string, part: string): boolean => !isWhole(names.get(name.toLowerCase()), part);
  const left = (name: string, value: unknown): unknown => {
    const folded = name.toLowerCase();
    return names.has(folded) && !isAlways(schema, folded) ? drop(value, names.get(folded)) : value;
  };
  const isWholeBut = (name: string): boolean => [...names.keys()].every((each) => each === name.toLowerCase());
  return { isAsked: false, shows, showsPart, apply: (resource) => cut(schema, resource, left), isWholeBut };
}

/** A resource with what is left of each attribute; its list of schemas says what is in the answer, not what is stored. */
function cut(schema: ResourceSchema, resource: Json, left: (name: string, value: unknown) => unknown): Json {
  const answer = ofParts(resource, left);
  const schemas = answer["schemas"];
  const absent = schema.extensions.filter(({ urn }) => !(urn in answer)).map(({ urn }) => urn);
  if (absent.length === 0 || !Array.isArray(schemas)) return answer;
  return { ...answer, schemas: schemas.filter((urn: string) => !absent.includes(urn)) };
}

/** An object with what is left of each of its parts, and without those of which nothing is. */
function ofParts(object: object, left: (name: string, value: unknown) => unknown): Json {
  const parts: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) {
    const kept = left(name, value);
    if (kept !== undefined) parts[name] = kept;
  }
  return parts;
}

/** Of a value its named parts; undefined when none is there. */
function keep(value: unknown, parts: Names | undefined): unknown {
  if (parts === undefined) return value;
  return ofEach(value, (name, inner) => (parts.has(name) ? keep(inner, parts.get(name)) : undefined));
}

/** Of a value all but its named parts; undefined when nothing is left. */
function drop(value: unknown, parts: Names | undefined): unknown {
  if (parts === undefined) return undefined;
  return ofEach(value, (name, inner) => (parts.has(name) ? drop(inner, parts.get(name)) : inner));
}

function ofEach(value: unknown, part: (name: string, inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) {
    const left = value.map((each) => ofEach(each, part)).filter((each) => each !== undefined);
    return left.length > 0 ? left : undefined;
  }
  if (typeof value !== "object" || value === null) return value;
  const left = ofParts(value, (name, inner) => part(name.toLowerCase(), inner));
  return Object.keys(left).length > 0 ? left : undefined;
}

function isAlways(schema: ResourceSchema, name: string): boolean {
  const folded = name.toLowerCase();
  return folded === "schemas" || schema.attributes.get(folded)?.returned === "always";
}

function treeOf(
  parameter: string,
  paths: readonly string[],
  schema: ResourceSchema,
  others: readonly ResourceSchema[],
): Names {
  const tree: Names = new Map();
  for (const path of paths) {
    const reference = attributeAt(schema, path);
    if (reference) put(tree, keysOf(reference));
    else if (!others.some((other) => attributeAt(other, path) !== undefined)) {
      throw new AppError("invalid-value", `${parameter} names ${shown(path)}, which no schema defines.`, {
        field: parameter,
      });
    }
  }
  return tree;
}

const keysOf = ({ extension, attribute, subAttribute }: AttributeReference): string[] =>
  [extension?.urn, attribute?.name, subAttribute?.name].flatMap((name) => name?.toLowerCase() ?? []);

/** A whole attribute takes the place of its parts, and keeps it. */
function put(tree: Names, [key = "", ...rest]: readonly string[]): void {
  if (rest.length === 0) tree.set(key, undefined);
  else if (!tree.has(key) || tree.get(key) !== undefined) {
    const parts: Names = tree.get(key) ?? new Map();
    tree.set(key, parts);
    put(parts, rest);
  }
}
