import { z } from "zod";
import { entityFields, entityResponseFields, readOnlyEntityFields } from "./entity.ts";
import { slug } from "./text.ts";

const instant = z.iso.datetime({ precision: 3 });
const fields = {
  status: z.enum(["connected", "expired", "error"]).default("connected").describe("The status of the last PUT."),
  account: z.string().min(1).max(320).optional().describe("The user's account at the MCP server."),
  expiresAt: instant.optional().describe("Expiry of the user's credential at the MCP server, independent of `status`."),
};

/** A user's connection to an MCP server. Its credential is a record of its own, or is stored by the client. */
export const connection = z.object({
  ...entityFields,
  userId: z.string(),
  mcpServerId: z.string(),
  mcpServer: slug,
  connectedAt: instant,
  ...fields,
  statusReason: z.string().optional(),
});
export type Connection = Readonly<z.output<typeof connection>>;

const responseFields = {
  ...entityResponseFields,
  id: z.string().describe("Never changes. Identifies the connection in the organization's view."),
  userId: z.string(),
  mcpServer: slug.describe("Identifies the connection in the user's view."),
  connectedAt: instant.describe("When the connection was created, or last became `connected` again."),
  ...fields,
  statusReason: z
    .string()
    .optional()
    .describe("Why the service ended the connection and set its status to `expired`. Absent after a new connection."),
};
export const connectionResponse = z.object(responseFields).meta({ id: "Connection" });

/** A server that the user can use but has no connection to. */
const notConnected = z.object({ mcpServer: slug, status: z.literal("not-connected") }).meta({ id: "NotConnected" });

/** The user's own connection to an MCP server, or that there is none. */
export const ownConnectionResponse = z
  .discriminatedUnion("status", [connectionResponse, notConnected])
  .meta({ id: "OwnConnection" });

export const connectionInput = z
  .strictObject({
    ...readOnlyEntityFields,
    userId: z.string().optional().meta({ readOnly: true, description: "Set by the service; ignored in requests." }),
    mcpServer: slug.optional().meta({ readOnly: true, description: "Set by the path; ignored in the body." }),
    connectedAt: z
      .string()
      .optional()
      .meta({ readOnly: true, description: "Set by the service; ignored in requests." }),
    ...fields,
    statusReason: z
      .string()
      .optional()
      .meta({ readOnly: true, description: "Set by the service; ignored in requests." }),
    state: z
      .string()
      .max(2000)
      .optional()
      .describe("The `state` of the authorization URL, if one was used. It is verified and not stored."),
  })
  .meta({ id: "ConnectionInput" });

/** The start of an authorization code flow (RFC 6749 section 4.1) with PKCE (RFC 7636). */
export const authorizationStart = z
  .object({
    url: z.string().describe("The URL to redirect the user to."),
    state: z
      .string()
      .describe(
        "The authorization server returns this value with the code. A PUT of the connection verifies that it is unchanged.",
      ),
    codeVerifier: z
      .string()
      .optional()
      .describe("The PKCE verifier for the token request. Present only if the server's `auth` has a `redirectUri`."),
    expiresAt: instant.describe("Expiry of `state`."),
  })
  .meta({ id: "AuthorizationStart" });
export type AuthorizationStart = Readonly<z.infer<typeof authorizationStart>>;

/** The authorization response (RFC 6749 section 4.1.2, RFC 9207) that a client received at its redirect URI. */
export const authorizationCompletion = z
  .strictObject({
    code: z.string().min(1).max(4096).meta({ writeOnly: true, description: "The authorization code." }),
    state: z.string().max(2000).describe("The `state` of the authorization response. It is valid once."),
    iss: z.string().max(2000).optional().describe("The `iss` of the authorization response, if it has one."),
  })
  .meta({ id: "AuthorizationCompletion" });
