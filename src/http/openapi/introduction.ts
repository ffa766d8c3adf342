/** What the document says of the service as a whole. */
export const about = {
  title: "Gatehouse",
  version: "0.1.0",
  summary: "SCIM 2.0 and admin API: people, groups and an MCP catalogue behind scoped API tokens",
  description: `Identity providers provision people and groups through \`/scim/v2\`. Administrators keep the catalogue
through \`/api\`, and plugins read there what one user may use.

**Two views of one address.** Without a user named, \`/api\` shows the organization as a whole. With \`x-user-email\`, or
with a personal token, it shows what that user may use, and the user's own things. \`x-required-scopes\` names, for each
view, the scopes of which any one opens it; an empty list is open to every valid token.

**Credentials.** \`Authorization: Bearer\`, \`Authorization: Api-Token\` or \`X-API-Key\`, and nothing else: a token in a
URL or in a body is refused.

**Bodies.** A field that is not known is refused by name. What an answer has and the service keeps (\`id\`, \`version\`,
\`createdAt\`, \`updatedAt\`) may be sent back and is ignored, so that what was read can be sent as it is. The same
content again changes nothing. Answers may gain fields.

**Versions.** \`ETag\` names the version that is answered. With \`If-Match\` a change is made to that version or not at
all (412). \`PUT\` with \`If-None-Match: *\` only makes what is not there yet.

**Lists.** \`limit\` and \`cursor\`; \`pagination.nextCursor\` is the cursor of the next page, and null on the last.

**Refusals.** RFC 9457 problem documents. \`type\` is \`urn:gatehouse:problem:\` and a name that stays; \`errors\` points
at each field that is wrong. What the caller may not read is answered like what is not there. \`/scim/v2\` refuses in
SCIM's own words.`,
  license: { name: "Proprietary", identifier: "LicenseRef-Proprietary" },
  contact: { name: "The operator of this service" },
};

const descriptions: Readonly<Record<string, string>> = {
  Caller: "Who the service takes the caller for.",
  Organization: "The organization that the token belongs to.",
  Users: "The organization's people. Those that an identity provider manages are changed there.",
  Groups: "The organization's groups and who is in them.",
  Access: "What a user can reach, and why.",
  "MCP servers": "The MCP servers that users can be given.",
  Toolkits: "Choices of tools, skills and commands under one name.",
  Skills: "Instructions in Markdown.",
  Commands: "Text templates that are called by name.",
  Policies: "What is allowed or denied to whom, whatever is assigned.",
  Connections: "Which users have connected to which MCP servers.",
  Tokens: "API tokens: what each may do, and how long.",
  OAuth: "Access tokens of some hours, for clients that want no others.",
  "Auth exchange": "Personal tokens for what an outside identity provider has signed.",
  Audit: "Who did what, and when.",
  SCIM: "Provisioning by identity providers (RFC 7643, RFC 7644, RFC 9865).",
};

/** The tags of the document, in the order in which operations have them. */
export function tagsOf(names: readonly string[]): readonly { readonly name: string; readonly description?: string }[] {
  return [...new Set(names)].map((name) => {
    const description = descriptions[name];
    return { name, ...(description !== undefined && { description }) };
  });
}
