import { type Field, fieldEquals } from "../../store/fields.ts";
import { normalize } from "../../store/normalize.ts";
import type { Entity } from "../../store/record.ts";
import type { Reader } from "../../store/store.ts";

/** Identifies a user or group by its id, or by its unique name in the organization (case-insensitive). */
export type IdOrName = string | { readonly name: string };

/** Parses a path segment. A string in the format of an id is always an id, so that no name can shadow another's id. */
export function parseIdOrName(value: string, prefix: "usr" | "grp"): IdOrName {
  return value.startsWith(`${prefix}_`) && ulidFormat.test(value.slice(4)) ? value : { name: value };
}

const ulidFormat = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** @param field the field of the unique name @returns undefined if there is no such user or group */
export async function findByIdOrName<T extends Entity>(
  reader: Reader<T>,
  idOrName: IdOrName,
  field: Field,
): Promise<T | undefined> {
  if (typeof idOrName === "string") return reader.get(idOrName);
  if (idOrName.name.includes("\0")) return undefined; // no store accepts a string with NUL, in records or in conditions
  return (await reader.list({ where: fieldEquals(field, idOrName.name), limit: 1 })).items[0];
}

/** Returns the lock key that serializes the changes of one user or group. */
export const toLockKey = (idOrName: IdOrName): string =>
  typeof idOrName === "string" ? idOrName : normalize(idOrName.name);
