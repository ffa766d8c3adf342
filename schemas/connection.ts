import { z } from "zod";
import { entity, repeatedEntity, shownEntity } from "./entity.ts";
import { slug } from "./text.ts";

const instant = z.iso.datetime({ precision: 3 });
const fields = {
  status: z.enum(["connected", "expired", "error"]).default("connected").describe("as it was last put"),
  account: z.string().min(1).max(320).optional().describe("under which account the user is known there"),
  expiresAt: instant.optional().describe("when the user's credential there ends, whatever the status says"),
};

/** That a user has connected to an MCP server. The credential itself is kept where the connection is used. */
export const connection = z.object({
  ...entity,
  userId: z.string(),
  mcpServerId: z.string(),
  mcpServer: slug,
  connectedAt: instant,
  ...fields,
});
export type Connection = Readonly<z.output<typeof connection>>;

const shown = {
  ...shownEntity,
  id: z.string().describe("never changes; names it in the organization's view"),
  userId: z.string(),
  mcpServer: slug.describe("names it in its user's view"),
  connectedAt: instant.describe("when it was made, or last became `connected` again"),
  ...fields,
};
export const connectionShown = z.object(shown).meta({ id: "Connection" });

/** What a user is told of a server within reach to which there is no connection. */
export const notConnected = z
  .object({ mcpServer: slug, status: z.literal("not-connected") })
  .meta({ id: "NotConnected" });

export const connectionInput = z
  .strictObject({
    ...repeatedEntity,
    userId: z.string().optional().meta({ readOnly: true, description: "kept by the service; ignored when sent" }),
    mcpServer: slug.optional().meta({ readOnly: true, description: "stands in the path; ignored when sent" }),
    connectedAt: z.string().optional().meta({ readOnly: true, description: "kept by the service; ignored when sent" }),
    ...fields,
    state: z
      .string()
      .max(2000)
      .optional()
      .describe("of the auth URL, where the connection came about through one; it is verified and not kept"),
  })
  .meta({ id: "ConnectionInput" });

/** What a client needs for an authorization code (RFC 6749 section 4.1) with PKCE (RFC 7636). */
export const authorizationStart = z
  .object({
    url: z.string().describe("where to send the user"),
    state: z.string().describe("comes back beside the code, and must be this one; a PUT of the connection verifies it"),
    codeVerifier: z.string().describe("for the token request; nobody keeps it but the client"),
    expiresAt: instant.describe("the end of the state's time"),
  })
  .meta({ id: "AuthorizationStart" });
export type AuthorizationStart = Readonly<z.infer<typeof authorizationStart>>;
