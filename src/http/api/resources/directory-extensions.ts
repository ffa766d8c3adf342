import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { type ResourceSchema, resolveAttributePath } from "../../../scim/schema/resource-schema.ts";
import { toDeclaredValues } from "../../../scim/values/extension-values.ts";
import { quoteName } from "../../../scim/values/json.ts";
import type { DirectoryContent } from "./directory.ts";

/** The field of users and groups for the attributes that the organization declares. */
export const extensionsField = z
  .record(z.string(), z.record(z.string(), z.unknown()).nullable())
  .optional()
  .describe("Values of the attributes that the organization's extension schemas declare, by the URN of the schema.");

/** Returns stored attributes as the API shows them: those of declared extensions in `extensions`. */
export function toApiContent(stored: DirectoryContent, schema: ResourceSchema): DirectoryContent {
  const { scimExtensions, ...content } = stored;
  const extensions = toDeclaredValues(scimExtensions, schema);
  return Object.keys(extensions).length > 0 ? { ...content, extensions } : content;
}

/**
 * Returns the content of a request with declared extensions under their URNs, as SCIM has them. Unlike SCIM, the API
 * rejects what is not declared.
 * @throws AppError invalid-value
 */
export function fromApiContent(
  { extensions = {}, ...content }: DirectoryContent,
  schema: ResourceSchema,
): DirectoryContent {
  const values = extensions as Readonly<Record<string, DirectoryContent | null>>;
  for (const [urn, attributes] of Object.entries(values)) {
    if (!schema.extensions.some((each) => each.declaration && each.urn.toLowerCase() === urn.toLowerCase()))
      throw notDeclared([urn], `${quoteName(urn)} is not an extension schema for ${schema.type}`);
    for (const name of Object.keys(attributes ?? {})) {
      const { attribute, subAttribute } = resolveAttributePath(schema, `${urn}:${name}`) ?? {};
      if (!attribute || subAttribute)
        throw notDeclared([urn, name], `${quoteName(name)} is not an attribute of ${urn}`);
    }
  }
  return { ...content, ...values };
}

function notDeclared(path: readonly string[], detail: string): AppError {
  const segments = path.map((each) => each.slice(0, 200).replaceAll("~", "~0").replaceAll("/", "~1"));
  const pointer = ["/extensions", ...segments].join("/");
  return new AppError("invalid-value", `${detail}.`, { errors: [{ pointer, detail: `${detail}.` }] });
}
