import { z } from "zod";
import { entity, repeatedEntity, shownEntity } from "./entity.ts";
import { name, setOf, slug, webAddress } from "./text.ts";

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

const fields = { name, authExchange: authExchangeSettings.optional() };

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
