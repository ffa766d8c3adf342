import express, { type Request, type RequestHandler } from "express";
import { AppError, hasErrorCode } from "../../errors.ts";
import { redactText } from "../../log.ts";
import { bodyBudget } from "../server/body-budget.ts";
import { assertStorableString } from "../server/json-body.ts";

/** Parses the body of a form. @throws AppError too-large */
export const parseForm: RequestHandler = express.urlencoded({ extended: false, limit: "64kb", parameterLimit: 200 });

/** In bytes. A text of 100,000 characters has up to 900,000 bytes in a form. */
const largeFormBytesMax = 1_500_000;
const parseLarge = express.urlencoded({ extended: false, limit: largeFormBytesMax, parameterLimit: 1000 });

/** Parses the body of a form with long texts. It runs after the session. @throws AppError too-large; unavailable */
export const parseLargeForm: RequestHandler = (req, res, next) => {
  if (req.method === "POST") bodyBudget.reserve(req, res, largeFormBytesMax);
  parseLarge(req, res, next);
};

/** Rejects a form with a value that the stores cannot return unchanged. @throws AppError invalid-value */
export const requireStorableFields: RequestHandler = ({ body }, _res, next) => {
  for (const value of Object.values(toFields(body)).flat()) if (typeof value === "string") assertStorableString(value);
  next();
};

/** Returns a field of a submitted form without spaces around it; empty if it is missing. */
export function readText({ body }: Pick<Request, "body">, name: string): string {
  const value: unknown = toFields(body)[name];
  return typeof value === "string" ? value.trim() : "";
}

/** Returns a value as a browser sends it back. @param isText whether it keeps the spaces around it */
export function toFormText(value: string, isText: boolean): string {
  const text = value.replaceAll(/\r\n?/g, "\n");
  return isText ? text : text.trim();
}

/**
 * Returns a text of several lines. Browsers send line breaks as CRLF, which become LF.
 * @param stored is returned if the text was not changed in the form, whatever line breaks it has
 */
export function readLongText({ body }: Pick<Request, "body">, name: string, stored = ""): string {
  const sent = toFields(body)[name];
  const text = toFormText(typeof sent === "string" ? sent : "", true);
  return text === toFormText(stored, true) ? stored : text;
}

/** Returns all values of a field that can be sent more than once. */
export function readValues({ body }: Pick<Request, "body">, name: string): readonly string[] {
  return [toFields(body)[name] ?? []].flat().filter((each): each is string => typeof each === "string");
}

const toFields = (body: unknown): Readonly<Record<string, unknown>> =>
  (body ?? {}) as Readonly<Record<string, unknown>>;

/** Splits the value of a field that has one value per line or between commas, for values that contain no comma. */
export const toLines = (text: string): readonly string[] =>
  text
    .split(/[\n,]/)
    .map((each) => each.trim())
    .filter((each) => each !== "");

/** The validation errors of a submitted form, by field. */
export class FormErrors {
  readonly #byField: ReadonlyMap<string, readonly string[]>;

  constructor(byField: ReadonlyMap<string, readonly string[]>) {
    this.#byField = byField;
  }

  of(field: string): readonly string[] {
    return this.#byField.get(field) ?? [];
  }

  get all(): readonly (readonly [field: string, messages: readonly string[]])[] {
    return [...this.#byField];
  }
}

/**
 * Returns the errors that belong to fields of a form, so that it can be shown again with them.
 * @param rename the names of form fields that differ from those of the domain, by the path of the latter (`auth/header`); the
 *   longest path that the error begins with applies
 * @throws the error itself if it belongs to no field
 */
export function toFormErrors(error: unknown, rename: Readonly<Record<string, string>> = {}): FormErrors {
  if (!(error instanceof AppError) || !fieldErrorCodes.some((code) => hasErrorCode(error, code))) throw error;
  const {
    field,
    errors = field === undefined ? [] : [{ pointer: `/${field.replaceAll(".", "/")}`, detail: error.message }],
  } = error.details;
  if (errors.length === 0) throw error;
  const byField = new Map<string, readonly string[]>();
  for (const { pointer, detail } of errors) {
    const shown = toFieldName(pointer.split("/").slice(1), rename);
    byField.set(shown, [...(byField.get(shown) ?? []), redactText(detail)]);
  }
  return new FormErrors(byField);
}

const fieldErrorCodes = ["invalid-value", "forbidden", "conflict"] as const;

function toFieldName(segments: readonly string[], rename: Readonly<Record<string, string>>): string {
  for (let count = segments.length; count > 0; count--) {
    const path = segments.slice(0, count).join("/");
    if (Object.hasOwn(rename, path)) return rename[path] ?? path;
  }
  return segments[0] ?? "";
}
