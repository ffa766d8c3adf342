import type { Entity, Reader } from "../../store/collection.ts";
import { fold } from "../fold.ts";

/** Which user or group: by id, or by the name that is taken once in the organisation, in any letter case. */
export type Named = string | { readonly name: string };

/** What has the form of an id is one, so that nobody's name can stand in the place of another's id. */
export function namedBy(text: string, prefix: "usr" | "grp"): Named {
  return text.startsWith(`${prefix}_`) && isUlid.test(text.slice(4)) ? text : { name: text };
}

const isUlid = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** @param path the index by which the name is taken once */
export async function find<T extends Entity>(from: Reader<T>, which: Named, path: string): Promise<T | undefined> {
  if (typeof which === "string") return from.get(which);
  if (which.name.includes("\0")) return undefined; // no store keeps such a text, or can be asked for it
  return (await from.list({ where: { op: "eq", path, value: fold(which.name) }, limit: 1 })).items[0];
}

/** Changes of the same one wait for each other. */
export const turnOf = (which: Named): string => (typeof which === "string" ? which : fold(which.name));
