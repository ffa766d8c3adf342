import type { Group, User } from "../../schemas/user.ts";
import { normalize } from "./normalize.ts";
import type { Condition, Scalar } from "./query.ts";

/** The search field that holds the normalized strings of a user or group. */
const normalizedRoot = "normalized";

/**
 * The fields of users and groups that a condition may name. Strings whose SCIM attribute is not case-exact (RFC 7643
 * section 2.2) are compared in their normalized form, which the record holds beside it under `normalized`. Only the
 * store knows that path: other layers name a field here, so that a misspelled one does not compile.
 */
export const userFields = {
  userName: normalizedField<User>("userName"),
  displayName: normalizedField<User>("displayName"),
  emails: normalizedField<User>("emails"),
  externalId: exactField<User>("externalId"),
  active: exactField<User>("active"),
} as const;

export const groupFields = {
  displayName: normalizedField<Group>("displayName"),
  externalId: exactField<Group>("externalId"),
} as const;

/** A field of a record, and whether its strings are compared in their normalized form. */
export interface Field {
  readonly path: string;
  readonly isNormalized: boolean;
}

/** @returns a condition that holds where the field has this value; strings of a normalized field match case-insensitively */
export function fieldEquals(field: Field, value: Scalar): Condition {
  return { op: "eq", path: field.path, value: toComparable(field, value) };
}

/** @returns a condition that holds where the field has one of these values; as `fieldEquals` for each */
export function fieldIn(field: Field, values: readonly Scalar[]): Condition {
  return { op: "in", path: field.path, values: values.map((value) => toComparable(field, value)) };
}

/** @returns a condition that holds where this field begins with a string; case-insensitively for a normalized field */
export function fieldStartsWith(field: Field, value: string): Condition {
  return { op: "startsWith", path: field.path, value: String(toComparable(field, value)) };
}

/** @returns a condition that holds where one element of the list has this value, and these others if any */
export function elementEquals(
  field: Field,
  element: string,
  value: Scalar,
  otherValues: Readonly<Record<string, Scalar>> = {},
): Condition {
  const comparisons = Object.entries({ [element]: value, ...otherValues }).map(
    ([path, each]) => ({ op: "eq", path, value: toComparable(field, each) }) as const,
  );
  const [first, ...rest] = comparisons;
  return {
    op: "some",
    path: field.path,
    where: rest.length === 0 && first ? first : { op: "and", all: comparisons },
  };
}

/** @returns a condition that holds where an element of the list has another value than this, or none */
export function elementDiffers(field: Field, element: string, value: Scalar): Condition {
  return { op: "some", path: field.path, where: { op: "ne", path: element, value: toComparable(field, value) } };
}

/** Whether two strings are equal when case-insensitively compared. */
export const hasSameNormalizedForm = (one: string, other: string): boolean => normalize(one) === normalize(other);

/** Whether a string begins with another one when case-insensitively compared. */
export const hasNormalizedPrefix = (value: string, prefix: string): boolean =>
  normalize(value).startsWith(normalize(prefix));

/** Returns the path of the normalized form of an attribute. */
export function normalizedPath(path: string): string {
  return `${normalizedRoot}.${path}`;
}

/**
 * Returns the value of a record at a path, or null when it has none. Search fields are not read back with a record, so
 * a normalized value is computed again.
 */
export function readField(record: Readonly<Record<string, unknown>>, path: string): Scalar | null {
  const [root, ...rest] = path.split(".");
  const isNormalized = root === normalizedRoot;
  const value = (isNormalized ? rest : path.split(".")).reduce<unknown>(
    (inner, key) => (inner as Record<string, unknown> | undefined)?.[key],
    record,
  );
  if (typeof value === "string") return isNormalized ? normalize(value) : value;
  return typeof value === "number" || typeof value === "boolean" ? value : null;
}

/** Returns the path of an attribute as clients know it, without the prefix of the normalized form. */
export const attributePath = (path: string): string =>
  path.startsWith(`${normalizedRoot}.`) ? path.slice(normalizedRoot.length + 1) : path;

type DeclaredKey<T> = keyof {
  [K in keyof T as string extends K ? never : number extends K ? never : K]: T[K];
} &
  string;

function normalizedField<T>(name: DeclaredKey<T>): Field {
  return { path: normalizedPath(name), isNormalized: true };
}

function exactField<T>(name: DeclaredKey<T>): Field {
  return { path: name, isNormalized: false };
}

function toComparable({ isNormalized }: Field, value: Scalar): Scalar {
  return isNormalized && typeof value === "string" ? normalize(value) : value;
}
