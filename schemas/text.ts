import { z } from "zod";

/** An identifier that appears in URLs and never changes. */
export const slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be 1 to 63 lowercase letters, digits and inner hyphens");

/** A display name. */
export const name = z
  .string()
  .max(200, "must have 200 characters or fewer")
  .regex(/\S/, "must not be empty")
  .meta({ minLength: 1 });

export const description = z.string().max(2000, "must have 2000 characters or fewer");

/** An array without duplicates: an ordered set. */
export function uniqueArray<T extends z.ZodType<string>>(element: T, maxItems: number): z.ZodArray<T> {
  return z
    .array(element)
    .max(maxItems, `must have ${maxItems} elements or fewer`)
    .refine((list) => new Set(list).size === list.length, "must not contain duplicates")
    .meta({ uniqueItems: true });
}

/** A URL that a client can follow, without credentials. */
export const httpUrl = z
  .string()
  .max(2000, "must have 2000 characters or fewer")
  .refine(isHttpUrl, "must be an http or https URL without credentials or spaces")
  .meta({ pattern: "^[Hh][Tt][Tt][Pp][Ss]?:\\S+$" });

function isHttpUrl(value: string): boolean {
  // The URL parser removes whitespace, but clients that show or compare the stored string would see it.
  if (/[\s\p{Cc}]/u.test(value) || !URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}
