import { z } from "zod";

/** Names that appear in URLs and never change. */
export const slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be 1 to 63 lower-case letters, digits and inner hyphens");

/** What people read in a list. */
export const name = z
  .string()
  .max(200, "must have 200 characters or fewer")
  .refine((text) => text.trim() !== "", "must not be empty");

export const description = z.string().max(2000, "must have 2000 characters or fewer");

/** A list without repetitions: a set whose order is kept. */
export function setOf<T extends z.ZodType<string>>(element: T, most: number): z.ZodArray<T> {
  return z
    .array(element)
    .max(most, `must have ${most} elements or fewer`)
    .refine((list) => new Set(list).size === list.length, "must not name the same thing twice");
}

/** An address that a client may follow, without credentials in it. */
export const webAddress = z
  .string()
  .max(2000, "must have 2000 characters or fewer")
  .refine(isWebAddress, "must be an http or https address without credentials and spaces");

function isWebAddress(text: string): boolean {
  // A URL is read without the spaces and line breaks in it; who shows or compares the text has them.
  if (/[\s\p{Cc}]/u.test(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}
