import { keywordRules } from "./json-schema-keywords.ts";

/** Where a JSON Schema is invalid, and how to fix it. */
export interface JsonSchemaIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Levels of objects and arrays in a JSON Schema. */
export const jsonSchemaDepthMax = 64;
/** UTF-8 bytes of a JSON Schema as compact JSON. */
export const jsonSchemaBytesMax = 64 * 1024;
const dialects = /^https?:\/\/json-schema\.org\/(?:draft\/2020-12|draft-07)\/schema#?$/;
const issuesMax = 5;
/** A rejected expression costs an exception: about 12 µs. */
const patternsMax = 200;

/**
 * Checks that a value is a JSON Schema: the keywords of draft 2020-12, or of draft-07 if `$schema` names it, and
 * references that exist in the schema. Unknown keywords are allowed. The time is linear in the size of the schema, which a
 * compiler to code does not promise. Regular expressions are parsed and never run.
 * @param rootType `object` if the schema must be one for objects
 * @returns at most 5 issues with the path of each; empty if the schema is valid
 */
export function findJsonSchemaIssues(root: unknown, rootType: "object" | "any" = "object"): readonly JsonSchemaIssue[] {
  if (!isObject(root)) return [{ path: [], message: "must be a JSON Schema object" }];
  if (exceedsDepth(root))
    return [{ path: [], message: `must not be nested more than ${jsonSchemaDepthMax} levels deep` }];
  if (utf8Length(JSON.stringify(root)) > jsonSchemaBytesMax)
    return [{ path: [], message: `must have ${jsonSchemaBytesMax} bytes or fewer as JSON` }];
  if (rootType === "object" && root["type"] !== "object")
    return [{ path: ["type"], message: 'must be "object", because arguments are an object' }];
  const dialect = root["$schema"];
  if (dialect !== undefined && !(typeof dialect === "string" && dialects.test(dialect)))
    return [
      {
        path: ["$schema"],
        message: "must be https://json-schema.org/draft/2020-12/schema or http://json-schema.org/draft-07/schema#",
      },
    ];
  const check = new SchemaCheck(typeof dialect === "string" && dialect.includes("draft-07"));
  check.visit(root, []);
  return check.finish(root);
}

type Path = readonly (string | number)[];

/** One pass over the schema. It collects issues, and references and anchors to compare at the end. */
class SchemaCheck {
  readonly #isDraft7: boolean;
  readonly #issues: JsonSchemaIssue[] = [];
  #patternCount = 0;
  readonly #anchors = new Set<string>();
  readonly #references: { readonly path: Path; readonly target: string }[] = [];

  constructor(isDraft7: boolean) {
    this.#isDraft7 = isDraft7;
  }

  visit(schema: unknown, path: Path): void {
    if (this.#issues.length >= issuesMax || typeof schema === "boolean") return;
    if (!isObject(schema)) this.#addIssue(path, "must be a JSON Schema: an object, true or false");
    else for (const [keyword, value] of Object.entries(schema)) this.#visitKeyword(keyword, value, [...path, keyword]);
  }

  finish(root: Readonly<Record<string, unknown>>): readonly JsonSchemaIssue[] {
    for (const { path, target } of this.#references) {
      if (target === "#" || this.#anchors.has(target.slice(1))) continue;
      if (!target.startsWith("#")) this.#addIssue(path, "must start with #. Move the schema that it names to $defs");
      else if (!hasPointer(root, target.slice(1)))
        this.#addIssue(path, "must name a schema that exists here, such as #/$defs/address");
    }
    return this.#issues.slice(0, issuesMax);
  }

  #visitKeyword(keyword: string, value: unknown, path: Path): void {
    const rule = keywordRules.get(keyword);
    if (keyword === "$ref" || keyword === "$dynamicRef") {
      if (typeof value === "string") this.#references.push({ path, target: value });
      else this.#addIssue(path, "must be a string");
    } else if ((keyword === "$anchor" || keyword === "$dynamicAnchor") && typeof value === "string") {
      this.#anchors.add(value);
    } else if (keyword === "$id" && path.length > 1) {
      if (typeof value === "string" && value.startsWith("#")) this.#anchors.add(value.slice(1));
      else this.#addIssue(path, "is allowed at the root only. Use $defs and $ref");
    } else if (rule === undefined) return;
    else if (rule === "schema") this.visit(value, path);
    else if (rule === "schemas") this.#visitList(value, path);
    else if (rule === "items") {
      if (Array.isArray(value) && this.#isDraft7) this.#visitList(value, path);
      else if (Array.isArray(value))
        this.#addIssue(path, "must be a JSON Schema. Use prefixItems for a list of schemas");
      else this.visit(value, path);
    } else if (rule === "schemaMap" || rule === "patternMap" || rule === "dependencies")
      this.#visitMap(rule, value, path);
    else if (keyword === "pattern" && ++this.#patternCount > patternsMax) {
      this.#addIssue(path, `is one regular expression too many: a JSON Schema can have ${patternsMax}`);
    } else {
      const message = rule(value);
      if (message !== undefined) this.#addIssue(path, message);
    }
  }

  #visitList(value: unknown, path: Path): void {
    if (!Array.isArray(value) || value.length === 0) this.#addIssue(path, "must be an array of JSON Schemas");
    else for (const [index, each] of value.entries()) this.visit(each, [...path, index]);
  }

  #visitMap(rule: "schemaMap" | "patternMap" | "dependencies", value: unknown, path: Path): void {
    if (!isObject(value)) {
      this.#addIssue(path, "must be an object of JSON Schemas");
      return;
    }
    for (const [name, each] of Object.entries(value)) {
      const isNameList = rule === "dependencies" && Array.isArray(each);
      if (rule === "patternMap") this.#visitKeyword("pattern", name, [...path, name]);
      if (isNameList) this.#visitKeyword("required", each, [...path, name]);
      else this.visit(each, [...path, name]);
    }
  }

  #addIssue(path: Path, message: string): void {
    if (this.#issues.length < issuesMax) this.#issues.push({ path, message });
  }
}

/** Whether the JSON pointer (RFC 6901, in a URI fragment) names an object or a boolean of the schema. */
function hasPointer(root: unknown, fragment: string): boolean {
  if (!fragment.startsWith("/")) return false;
  let value: unknown = root;
  for (const segment of fragment.slice(1).split("/")) {
    const key = decodeSegment(segment);
    if (typeof value !== "object" || value === null || key === undefined || !Object.hasOwn(value, key)) return false;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return isObject(value) || typeof value === "boolean";
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return undefined;
  }
}

/** Goes through the levels one after another, because recursion could exceed the stack. */
function exceedsDepth(root: object): boolean {
  let level: readonly object[] = [root];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > jsonSchemaDepthMax) return true;
    level = level.flatMap((value) => Object.values(value).filter((each) => typeof each === "object" && each !== null));
  }
  return false;
}

const utf8Length = (text: string): number => new TextEncoder().encode(text).length;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
