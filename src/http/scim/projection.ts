import { AppError } from "../../errors.ts";
import {
  type AttributeReference,
  type ResourceSchema,
  resolveAttributePath,
} from "../../scim/schema/resource-schema.ts";

type Json = Readonly<Record<string, unknown>>;

/** The attributes that a response contains (RFC 7644 section 3.9). */
export interface Projection {
  /** The schema that its paths were resolved in, which may lack extensions that the paths do not name. */
  readonly schema: ResourceSchema;
  /** Whether the request has `attributes`. */
  readonly isExplicit: boolean;
  /** Whether the attribute must be read and included, at least in part. */
  includes(name: string): boolean;
  /** Whether a sub-attribute of an included attribute is included. */
  includesSubAttribute(name: string, subAttribute: string): boolean;
  /** Returns the resource with only its included attributes. */
  apply(resource: Json): Json;
  /** Whether the projection removes nothing from a resource, except possibly all or part of this attribute. */
  isWholeExcept(name: string): boolean;
}

/**
 * Builds the projection of a request.
 * @param schema schema of the resource
 * @param attributes the paths to include, in addition to the attributes that are always returned; `*` means all
 * @param excludedAttributes the paths to exclude; `*` means all
 * @throws AppError invalid-value for both parameters at once
 */
export function buildProjection(
  schema: ResourceSchema,
  attributes: readonly string[] | undefined,
  excludedAttributes: readonly string[] | undefined,
): Projection {
  if (attributes && excludedAttributes) {
    throw new AppError("invalid-value", "attributes and excludedAttributes cannot be combined.", {
      field: "excludedAttributes",
    });
  }
  if (attributes?.includes(allAttributes)) return { ...fullProjection, schema, isExplicit: true };
  if (attributes) return includeOnly(schema, buildPathTree(attributes, schema));
  if (!excludedAttributes) return toWholeProjection(schema);
  if (excludedAttributes.includes(allAttributes)) return includeOnly(schema, new Map());
  return excludeAttributes(schema, buildPathTree(excludedAttributes, schema));
}

const allAttributes = "*";

/** Includes everything: every stored attribute is returned by default, and attributes never returned are not stored. */
const fullProjection: Omit<Projection, "schema"> = {
  isExplicit: false,
  includes: () => true,
  includesSubAttribute: () => true,
  apply: (resource) => resource,
  isWholeExcept: () => true,
};

const wholeProjections = new WeakMap<ResourceSchema, Projection>();

/** Most requests have no parameters, so that their projection is created once per schema. */
function toWholeProjection(schema: ResourceSchema): Projection {
  const existing = wholeProjections.get(schema);
  if (existing) return existing;
  const projection = { ...fullProjection, schema };
  wholeProjections.set(schema, projection);
  return projection;
}

/** Paths as a tree of lower-case names. A leaf (undefined) is an attribute with everything in it. */
type PathTree = Map<string, PathTree | undefined>;

function includeOnly(schema: ResourceSchema, tree: PathTree): Projection {
  const includes = (name: string): boolean => isAlwaysReturned(schema, name) || tree.has(name.toLowerCase());
  const includesSubAttribute = (name: string, subAttribute: string): boolean =>
    tree.get(name.toLowerCase())?.has(subAttribute.toLowerCase()) ?? true;
  const selectValue = (name: string, value: unknown): unknown =>
    includes(name) ? pickPaths(value, tree.get(name.toLowerCase())) : undefined;
  const isWholeExcept = (): boolean => false;
  return {
    schema,
    isExplicit: true,
    includes,
    includesSubAttribute,
    apply: (resource) => projectResource(schema, resource, selectValue),
    isWholeExcept,
  };
}

function excludeAttributes(schema: ResourceSchema, tree: PathTree): Projection {
  const isFullyExcluded = (subtree: PathTree | undefined, name: string): boolean =>
    subtree?.has(name.toLowerCase()) === true && subtree.get(name.toLowerCase()) === undefined;
  const includes = (name: string): boolean => isAlwaysReturned(schema, name) || !isFullyExcluded(tree, name);
  const includesSubAttribute = (name: string, subAttribute: string): boolean =>
    !isFullyExcluded(tree.get(name.toLowerCase()), subAttribute);
  const selectValue = (name: string, value: unknown): unknown => {
    const key = name.toLowerCase();
    return tree.has(key) && !isAlwaysReturned(schema, key) ? omitPaths(value, tree.get(key)) : value;
  };
  const isWholeExcept = (name: string): boolean => [...tree.keys()].every((each) => each === name.toLowerCase());
  return {
    schema,
    isExplicit: false,
    includes,
    includesSubAttribute,
    apply: (resource) => projectResource(schema, resource, selectValue),
    isWholeExcept,
  };
}

/**
 * Selects the value of each attribute, and removes the URNs of extensions that are not in the result from `schemas`. The
 * resource may have extensions that the paths do not name, and so that `schema` lacks.
 */
function projectResource(
  schema: ResourceSchema,
  resource: Json,
  selectValue: (name: string, value: unknown) => unknown,
): Json {
  const projected = mapProperties(resource, selectValue);
  const schemas = projected["schemas"];
  if (!Array.isArray(schemas)) return projected;
  return {
    ...projected,
    schemas: schemas.filter((urn: string) => urn === schema.urn || Object.hasOwn(projected, urn)),
  };
}

/** Maps the properties of an object. Omits those that map to undefined. */
function mapProperties(object: object, mapValue: (name: string, value: unknown) => unknown): Json {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) {
    const mapped = mapValue(name, value);
    if (mapped !== undefined) result[name] = mapped;
  }
  return result;
}

/** Returns the value with only the paths of the tree; undefined if nothing remains. */
function pickPaths(value: unknown, subtree: PathTree | undefined): unknown {
  if (subtree === undefined) return value;
  return mapEachElement(value, (name, inner) => (subtree.has(name) ? pickPaths(inner, subtree.get(name)) : undefined));
}

/** Returns the value without the paths of the tree; undefined if nothing remains. */
function omitPaths(value: unknown, subtree: PathTree | undefined): unknown {
  if (subtree === undefined) return undefined;
  return mapEachElement(value, (name, inner) => (subtree.has(name) ? omitPaths(inner, subtree.get(name)) : inner));
}

function mapEachElement(value: unknown, mapValue: (name: string, inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) {
    const remaining = value.map((each) => mapEachElement(each, mapValue)).filter((each) => each !== undefined);
    return remaining.length > 0 ? remaining : undefined;
  }
  if (typeof value !== "object" || value === null) return value;
  const remaining = mapProperties(value, (name, inner) => mapValue(name.toLowerCase(), inner));
  return Object.keys(remaining).length > 0 ? remaining : undefined;
}

function isAlwaysReturned(schema: ResourceSchema, name: string): boolean {
  const key = name.toLowerCase();
  return key === "schemas" || schema.attributes.get(key)?.returned === "always";
}

/** Builds the tree of the paths that the schema defines. Clients also request attributes of other services. */
function buildPathTree(paths: readonly string[], schema: ResourceSchema): PathTree {
  const tree: PathTree = new Map();
  for (const path of paths) {
    const reference = resolveAttributePath(schema, path);
    if (reference) insertPath(tree, toKeys(reference));
  }
  return tree;
}

const toKeys = ({ extension, attribute, subAttribute }: AttributeReference): string[] =>
  [extension?.urn, attribute?.name, subAttribute?.name].flatMap((name) => name?.toLowerCase() ?? []);

/** A path to a whole attribute overrides paths to its sub-attributes. */
function insertPath(tree: PathTree, [key = "", ...rest]: readonly string[]): void {
  if (rest.length === 0) tree.set(key, undefined);
  else if (!tree.has(key) || tree.get(key) !== undefined) {
    const subtree: PathTree = tree.get(key) ?? new Map();
    tree.set(key, subtree);
    insertPath(subtree, rest);
  }
}
