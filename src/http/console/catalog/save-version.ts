import type { Caller } from "../../../domain/caller.ts";
import type { Catalog, ResourceContent } from "../../../domain/catalog/catalog.ts";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import { AppError, hasErrorCode } from "../../../errors.ts";
import { FormErrors, toFormErrors } from "../form.ts";

/**
 * Saves a part of a resource that has a form of its own, such as a tool of an MCP server.
 * @param version that the form was opened with
 * @param revise computes the content from that version. @throws AppError invalid-value
 * @throws AppError precondition-failed, in words for the user of the form, if the resource has changed meanwhile
 */
export async function saveVersion<T extends CatalogResource>(
  catalog: Catalog<T>,
  caller: Caller,
  id: string,
  version: number,
  revise: (content: ResourceContent<T>) => ResourceContent<T>,
): Promise<void> {
  try {
    await catalog.update(caller, id, { ifMatch: [version] }, revise);
  } catch (error) {
    if (!hasErrorCode(error, "precondition-failed")) throw error;
    const text =
      "Nothing was saved: another request has changed this resource since you opened the form. Check what is stored now. Saving again replaces this part of it.";
    throw new AppError("precondition-failed", text, {}, error);
  }
}

/**
 * Returns the errors of such a form with the status of the response, so that the form is shown again with what was entered.
 * @param rename as for `toFormErrors`
 * @throws the error itself if the form cannot show it
 */
export function toPartErrors(
  error: unknown,
  rename: Readonly<Record<string, string>>,
): { readonly status: 400 | 409 | 412; readonly errors: FormErrors } {
  const isStale = hasErrorCode(error, "precondition-failed");
  if (isStale || hasErrorCode(error, "limit-reached"))
    return { status: isStale ? 412 : 409, errors: new FormErrors(new Map([["", [(error as AppError).message]]])) };
  return { status: 400, errors: toFormErrors(error, rename) };
}
