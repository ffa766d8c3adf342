import type { Request } from "express";
import type { VNode } from "preact";
import { AppError } from "../../errors.ts";
import { readText } from "./form.ts";

const fieldName = "version";

/** The hidden field with the version that a form shows, so that it does not overwrite a later change. */
export const VersionField = ({ version }: { readonly version: number }): VNode => (
  <input type="hidden" name={fieldName} value={version} />
);

/** Returns the version of a submitted form. @throws AppError invalid-request if the form has none */
export function readVersion(req: Pick<Request, "body">): number {
  const value = readText(req, fieldName);
  if (/^[0-9]{1,15}$/.test(value)) return Number(value);
  throw new AppError("invalid-request", "The form has no version. Open it again.");
}
