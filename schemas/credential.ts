import { z } from "zod";

/** A header value (RFC 9110 section 5.5) of visible ASCII characters and inner blanks. */
const headerValue = z
  .string()
  .max(8192, "must have 8192 characters or fewer")
  .regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, "must be visible ASCII characters, with blanks only between them");

export const credentialInput = z
  .strictObject({
    value: headerValue.meta({
      writeOnly: true,
      description:
        "The value of the header that the server's `auth` names, including a scheme such as `Bearer`. It is stored encrypted and never returned.",
    }),
  })
  .meta({ id: "CredentialInput" });

export const clientSecretInput = z
  .strictObject({
    value: headerValue.meta({
      writeOnly: true,
      description: "The client secret. It is stored encrypted and never returned.",
    }),
  })
  .meta({ id: "ClientSecretInput" });

/** Whether a credential is stored, without the credential. */
export const credentialStatus = z
  .object({
    hasCredential: z.boolean(),
    origin: z
      .string()
      .optional()
      .describe(
        "The only origin that the credential is sent to: that of the server's URL, or of `auth.tokenUrl`. For the sign-in of the console: the issuer.",
      ),
    createdAt: z.iso.datetime({ precision: 3 }).optional(),
    updatedAt: z.iso.datetime({ precision: 3 }).optional().describe("When the credential was last stored."),
  })
  .meta({ id: "CredentialStatus" });
export type CredentialStatus = Readonly<z.output<typeof credentialStatus>>;
