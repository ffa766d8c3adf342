import { isUrnWithin, type ScimExtension } from "../../../schemas/scim-extension.ts";
import { AppError } from "../../errors.ts";
import { enterpriseUrn, groupUrn, userUrn } from "./definitions.ts";
import { groupSchema, userSchema } from "./resource-schema.ts";

/** URNs of RFC 7643 and RFC 7644, and what would be confused with them: their other versions, and those of SCIM 1.1. */
const reservedNamespaces = [
  "urn:ietf:params:scim:schemas:core",
  "urn:ietf:params:scim:schemas:extension:enterprise",
  "urn:ietf:params:scim:api",
  "urn:scim:schemas",
] as const;

/**
 * Checks that an extension schema cannot be confused with the schemas of RFC 7643.
 * @throws AppError invalid-value for a reserved URN, or for an attribute with the name of a core attribute
 */
export function assertDeclarable(
  urn: string,
  { resourceType, attributes }: Pick<ScimExtension, "resourceType" | "attributes">,
): void {
  const isReserved =
    reservedNamespaces.some((each) => urn.toLowerCase() === each || isUrnWithin(urn, each)) ||
    [userUrn, groupUrn, enterpriseUrn].some((each) => isUrnWithin(each, urn));
  if (isReserved) {
    throw new AppError("invalid-value", "The URN is reserved by RFC 7643. Use a URN of your own.", { field: "urn" });
  }
  const { attributes: coreAttributes } = resourceType === "User" ? userSchema : groupSchema;
  for (const [at, { name }] of attributes.entries()) {
    const coreAttribute = coreAttributes.get(name.toLowerCase());
    if (!coreAttribute) continue;
    throw new AppError(
      "invalid-value",
      `attributes.${at}.name is that of the core attribute ${coreAttribute.name}. Use another name.`,
      { field: `attributes.${at}.name` },
    );
  }
}
