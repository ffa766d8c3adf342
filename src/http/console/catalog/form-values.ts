import { createHash } from "node:crypto";
import type { Request } from "express";
import { AppError } from "../../../errors.ts";
import { toFormText } from "../form.ts";

/** The values of the fields of a form by name. A check box is `true` or empty. */
export type FormValues = Readonly<Record<string, string>>;

/**
 * Reads the fields of a submitted form. Browsers send line breaks as CRLF, which become LF.
 * @param texts the fields that keep the spaces around their value
 */
export function readFormValues(
  { body }: Pick<Request, "body">,
  fields: readonly string[],
  texts: readonly string[] = [],
): FormValues {
  const sent = new Map(Object.entries((body ?? {}) as Readonly<Record<string, unknown>>));
  return Object.fromEntries(
    fields.map((field) => {
      const value = sent.get(field);
      return [field, toFormText(typeof value === "string" ? value : "", texts.includes(field))];
    }),
  );
}

/** Returns a check box. */
export const toCheck = (isChecked: boolean): string => (isChecked ? "true" : "");

/** Returns the value of an optional field of a body. */
export const toOptional = (value: string | undefined): string | undefined => (value === "" ? undefined : value);

/** Returns the error of a field of a form. */
export const fieldError = (field: string, detail: string): AppError =>
  new AppError("invalid-value", detail, { errors: [{ pointer: `/${field}`, detail }] });

/** Returns a hidden field that identifies the values of a form, so that a later submission can report what has changed. */
export const toSeen = (values: FormValues): string =>
  new URLSearchParams(Object.entries(values).map(([name, value]) => [name, digest(value)])).toString();

/** The differences between a submitted form and the stored resource, if another request has changed that meanwhile. */
export interface FormMerge {
  /** What was entered, with the stored values of the fields that were not changed in the form. */
  readonly values: FormValues;
  /** The fields that the other request has changed, with their stored values. */
  readonly changed: readonly { readonly field: string; readonly stored: string; readonly isKept: boolean }[];
}

/**
 * Merges a submitted form with the stored values.
 * @param seen the hidden field of the form. A client can send any: it decides only what its own page shows
 */
export function mergeForm(seen: string, entered: FormValues, stored: FormValues): FormMerge {
  const digests = new Map(new URLSearchParams(seen));
  const changed = Object.entries(stored).flatMap(([field, value]) => {
    if (digests.get(field) === digest(value)) return [];
    return [{ field, stored: value, isKept: digests.get(field) === digest(entered[field] ?? "") }];
  });
  const adopted = changed.filter(({ isKept }) => isKept).map(({ field, stored: value }) => [field, value] as const);
  return { values: { ...entered, ...Object.fromEntries(adopted) }, changed };
}

const digest = (value: string): string => createHash("sha256").update(value).digest("base64url").slice(0, 12);
