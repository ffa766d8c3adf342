import { z } from "zod";
import { entity, repeatedEntity, shownEntity } from "./entity.ts";
import { name, setOf, slug, webAddress } from "./text.ts";
import { tokenType } from "./token.ts";

/** How outside JWTs are verified that are exchanged for personal tokens. */
export const authExchangeSettings = z
  .strictObject({
    jwksUri: webAddress.describe("where the identity provider publishes its keys"),
    issuer: z.string().min(1).max(2000).describe("the `iss` that every JWT must have"),
    audience: z.string().min(1).max(2000).describe("the `aud` that every JWT must have"),
    algorithms: setOf(
      z.enum(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]),
      10,
    )
      .min(1)
      .default(["RS256", "ES256"]),
  })
  .meta({ id: "AuthExchangeSettings" });
export type AuthExchangeSettings = Readonly<z.output<typeof authExchangeSettings>>;

/** What bounds the tokens of an organization, besides what the installation allows. */
export const tokenPolicy = z
  .strictObject({
    maxTtlDays: z.int().min(1).max(36_500).optional().describe("the longest life that a token can be given"),
    defaultTtlDays: z.int().min(1).max(36_500).optional().describe("of a token for which nothing else is asked"),
    allowedTypes: setOf(tokenType, 4).min(1).optional().describe("types of tokens that can be made; absent: all"),
  })
  .meta({ id: "TokenPolicy" });

const fields = { name, tokenPolicy: tokenPolicy.optional(), authExchange: authExchangeSettings.optional() };

export const organization = z.object({ ...entity, slug, ...fields });
export type Organization = Readonly<z.infer<typeof organization>>;

export const organizationShown = z.object({ ...shownEntity, slug, ...fields }).meta({ id: "Organization" });

export const organizationInput = z
  .strictObject({
    ...repeatedEntity,
    slug: slug.optional().meta({ readOnly: true, description: "never changes; need not be sent" }),
    ...fields,
  })
  .meta({ id: "OrganizationInput" });
