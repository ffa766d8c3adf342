import { fold } from "../../domain/fold.ts";
import type { Condition } from "../../domain/query.ts";
import { AppError } from "../../errors.ts";
import { groupUrn, userUrn } from "./scimmy.ts";

/** Where an attribute is stored, and whether it is compared without regard to case. */
export interface StoredAttribute {
  readonly path: string;
  readonly caseExact: boolean;
}

/** The attributes that may be asked by, under their lower-case SCIM names. Only these reach the database. */
export type StoredAttributes = ReadonlyMap<string, StoredAttribute>;

const common: readonly (readonly [string, StoredAttribute])[] = [
  ["id", { path: "id", caseExact: true }],
  ["externalid", { path: "externalId", caseExact: true }],
  ["displayname", { path: "folded.displayName", caseExact: false }],
  ["meta.created", { path: "createdAt", caseExact: true }],
  ["meta.lastmodified", { path: "updatedAt", caseExact: true }],
];
export const storedOfUsers: StoredAttributes = new Map([
  ...common,
  ["username", { path: "folded.userName", caseExact: false }],
]);
export const storedOfGroups: StoredAttributes = new Map(common);

const lengthMax = 4096;

/**
 * A filter of RFC 7644 section 3.4.2.2 as a condition of the store. As yet: one attribute, `eq`, one text.
 * @throws AppError invalid-filter, saying what was not understood and where
 */
export function conditionOf(filter: string, attributes: StoredAttributes): Condition {
  if (filter.length > lengthMax) throw refuse(`The filter is longer than ${lengthMax} characters`);
  const [, name = "", operator = "", literal = ""] = /^\s*(\S+)\s+(\S+)\s+(\S.*)$/s.exec(filter) ?? [];
  const attribute = attributes.get(localName(name));
  if (!attribute)
    throw refuse(`The filter names ${JSON.stringify(name.slice(0, 100))}, by which nothing can be asked here`);
  if (operator.toLowerCase() !== "eq")
    throw refuse(`The operator ${JSON.stringify(operator.slice(0, 100))} is not known here`);
  const value = textOf(literal.trimEnd(), filter.indexOf(literal));
  return { op: "eq", path: attribute.path, value: attribute.caseExact ? value : fold(value) };
}

/** An attribute's name in lower case and without the URN of a core schema in front. */
export function localName(name: string): string {
  const folded = name.toLowerCase();
  const urn = [userUrn, groupUrn].find((each) => folded.startsWith(`${each.toLowerCase()}:`));
  return urn === undefined ? folded : folded.slice(urn.length + 1);
}

/** A comparison value is a JSON string (figure 1 of the section). */
function textOf(literal: string, position: number): string {
  let value: unknown;
  try {
    value = JSON.parse(literal);
  } catch {
    throw refuse(`What stands at position ${position} of the filter is not one quoted text`);
  }
  if (typeof value !== "string") throw refuse(`At position ${position} of the filter a quoted text is expected`);
  return value;
}

const refuse = (message: string): AppError => new AppError("invalid-filter", `${message}.`);
