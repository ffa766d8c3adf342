import type { Request } from "express";
import { type ScimExtension, scimExtensionInput } from "../../../../../schemas/scim-extension.ts";
import type { ScimExtensionContent } from "../../../../domain/extensions/extension-changes.ts";
import { AppError } from "../../../../errors.ts";
import { parseBody } from "../../../api/kernel/validation.ts";
import { parseExtensionUrn, toExtensionContent } from "../../../api/resources/scim-extensions.ts";
import { rejectPrototypeKeys } from "../../../server/json-body.ts";
import { assertJsonLimits } from "../../../server/json-limits.ts";
import { readLongText, readText } from "../../form.ts";

/** The form of an extension schema, as it was submitted. */
export interface ExtensionForm {
  readonly urn: string;
  readonly resourceType: string;
  readonly name: string;
  readonly description: string;
  /** JSON, as in the API: attributes can be nested. */
  readonly attributes: string;
}

const exampleAttributes = [
  { name: "badgeNumber", type: "string", indexed: true },
  { name: "startDate", type: "dateTime" },
];

export const emptyExtensionForm: ExtensionForm = {
  ...{ urn: "", resourceType: "User", name: "", description: "" },
  attributes: JSON.stringify(exampleAttributes, null, 2),
};

/** Reads the submitted form. @param stored the description before */
export const readExtensionForm = (req: Request, stored?: string): ExtensionForm => ({
  urn: readText(req, "urn"),
  resourceType: readText(req, "resourceType"),
  name: readText(req, "name"),
  description: readLongText(req, "description", stored),
  attributes: readText(req, "attributes"),
});

/** Returns the form of a stored schema. */
export const toExtensionForm = ({
  urn,
  resourceType,
  name = "",
  description,
  attributes,
}: ScimExtension): ExtensionForm => ({
  ...{ urn, resourceType, name, description },
  attributes: JSON.stringify(attributes, null, 2),
});

/**
 * Validates the form as the API validates a body.
 * @throws AppError invalid-value with the fields
 */
export function parseExtensionForm({ urn, resourceType, name, description, attributes }: ExtensionForm): {
  readonly urn: string;
  readonly content: ScimExtensionContent;
} {
  const body = {
    ...{ resourceType, description, attributes: parseJson(attributes) },
    ...(name !== "" && { name }),
  };
  const parsedUrn = parseExtensionUrn(urn);
  return { urn: parsedUrn, content: toExtensionContent(parsedUrn, parseBody(scimExtensionInput, body)) };
}

/** @throws AppError invalid-value, also for JSON that no body can have */
function parseJson(text: string): unknown {
  try {
    assertJsonLimits(Buffer.from(text), limits);
    const value: unknown = JSON.parse(text);
    rejectPrototypeKeys(value, []);
    return value;
  } catch (error) {
    const detail =
      error instanceof AppError ? error.message : "attributes must be JSON: a list of objects between brackets.";
    throw new AppError("invalid-value", detail, { field: "attributes" });
  }
}

const limits = { depthMax: 64, distinctKeysMax: 20_000 };
