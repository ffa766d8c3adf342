import { z } from "zod";
import { consoleSignInSettings } from "./console-sign-in.ts";
import { entityFields, entityResponseFields, readOnlyEntityFields } from "./entity.ts";
import { httpUrl, name, slug, uniqueArray } from "./text.ts";
import { tokenType } from "./token.ts";

/** How JWTs of an external identity provider are verified before they are exchanged for personal tokens. */
export const authExchangeSettings = z
  .strictObject({
    jwksUri: httpUrl.describe("URL of the identity provider's JSON Web Key Set."),
    issuer: z.string().min(1).max(2000).describe("The required `iss` claim."),
    audience: z.string().min(1).max(2000).describe("The required `aud` claim."),
    algorithms: uniqueArray(
      z.enum(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]),
      10,
    )
      .min(1)
      .default(["RS256", "ES256"]),
  })
  .meta({ id: "AuthExchangeSettings" });
export type AuthExchangeSettings = Readonly<z.output<typeof authExchangeSettings>>;

/** The limits of an organization's tokens, in addition to those of the installation. */
export const tokenPolicy = z
  .strictObject({
    maxTtlDays: z.int().min(1).max(36_500).optional().describe("The longest lifetime of a token, in days."),
    defaultTtlDays: z
      .int()
      .min(1)
      .max(36_500)
      .optional()
      .describe("The lifetime of a token without a requested expiry, in days."),
    allowedTypes: uniqueArray(tokenType, 4)
      .min(1)
      .optional()
      .describe("The token types that can be created. Absent: all types."),
  })
  .meta({ id: "TokenPolicy" });

/** How the SCIM API reads what an identity provider sends. */
export const provisioningSettings = z
  .strictObject({
    unknownAttributes: z
      .enum(["ignore", "reject"])
      .default("ignore")
      .describe("Attributes in SCIM bodies that no schema defines: ignored and named in the request log, or an error."),
    unknownMembers: z
      .enum(["reject", "ignore"])
      .default("reject")
      .describe("Members to add to a group that do not exist: an error, or ignored."),
    replaceWithoutMatch: z
      .enum(["reject", "add"])
      .default("reject")
      .describe(
        "SCIM `replace` through a filter that matches no element: an error (RFC 7644 section 3.5.2.3), or the element is added.",
      ),
  })
  .meta({ id: "ProvisioningSettings" });
export type ProvisioningSettings = Readonly<z.output<typeof provisioningSettings>>;

/** How the catalog treats what MCP servers report about themselves. */
const mcpSettings = z
  .strictObject({
    approveChanges: z
      .enum(["manual", "automatic"])
      .default("manual")
      .describe("Whether changes that a refresh finds wait for approval or are applied at once."),
  })
  .meta({ id: "McpSettings" });

const fields = {
  name,
  tokenPolicy: tokenPolicy.optional(),
  authExchange: authExchangeSettings.optional(),
  provisioning: provisioningSettings.optional().describe("Absent: the default of each setting."),
  mcp: mcpSettings.optional().describe("Absent: the default of each setting."),
  consoleSignIn: consoleSignInSettings
    .optional()
    .describe("How administrators sign in to the console. Absent: with a token only."),
};

export const organization = z.object({
  ...entityFields,
  slug,
  ...fields,
  /** Since when the organization is disabled: none of its tokens is accepted. Absent: it is enabled. */
  disabledAt: z.iso.datetime({ precision: 3 }).optional(),
  /** Incremented by each change of the extension schemas, so that two concurrent ones conflict. */
  lockVersion: z.int().optional(),
});
export type Organization = Readonly<z.infer<typeof organization>>;

export const organizationResponse = z.object({ ...entityResponseFields, slug, ...fields }).meta({ id: "Organization" });

export const organizationInput = z
  .strictObject({
    ...readOnlyEntityFields,
    slug: slug.optional().meta({ readOnly: true, description: "Never changes; optional in requests." }),
    ...fields,
  })
  .meta({ id: "OrganizationInput" });
