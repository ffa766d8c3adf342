import type { DocumentView } from "./documented-operation.ts";

/** Builds the `info` object of a document. */
export function buildInfo(view: DocumentView) {
  const { title, summary, introduction } = introductions[view];
  return {
    title,
    version: "0.2.0",
    summary,
    description: `${introduction}\n\n${commonParagraphs}`,
    license: { name: "Proprietary", identifier: "LicenseRef-Proprietary" },
    contact: { name: "The operator of this service" },
  };
}

const introductions: Readonly<
  Record<DocumentView, { readonly title: string; readonly summary: string; readonly introduction: string }>
> = {
  organization: {
    title: "Gatehouse",
    summary: "SCIM 2.0 and admin API: users, groups and an MCP catalog behind scoped API tokens",
    introduction: `Identity providers provision users and groups through \`/scim/v2\`. Administrators manage the catalog of MCP servers,
toolkits, skills, commands and policies through \`/api\`.

**Two views of each URL.** This document describes the organization's view, which \`/api\` returns without the header
\`x-user-email\` and without a personal token. The user's view, which plugins read, is described in \`openapi-user.yaml\`.`,
  },
  user: {
    title: "Gatehouse user API",
    summary: "What one user may use: MCP servers, toolkits, skills, commands and connections",
    introduction: `Plugins read through \`/api\` what one user may use, and manage the user's own resources, connections and personal
tokens.

**Two views of each URL.** This document describes the user's view, which \`/api\` returns with the header \`x-user-email\`
or with a personal token. The organization's view and SCIM are described in \`openapi.yaml\`.`,
  },
};

const commonParagraphs = `**Scopes.** \`x-required-scopes\` lists the scopes of each operation. Any one of them is sufficient. An empty list means
that any valid token is sufficient.

**Authentication.** Send a token as \`Authorization: Bearer\`, \`Authorization: Api-Token\` or \`X-API-Key\`. Tokens in the URL
or in the body are rejected.

**Request bodies.** Unknown fields are rejected by name. The server fields \`id\`, \`version\`, \`createdAt\` and \`updatedAt\`
are ignored, so you can send back what you read. Sending the same content again changes nothing. Responses may gain
fields in the future.

**Versions.** \`ETag\` identifies the version in a response. Send it back as \`If-Match\` to change exactly that version; if
the resource has changed, the request fails with 412. \`PUT\` with \`If-None-Match: *\` creates a resource and never
replaces one.

**Pagination.** Lists accept \`limit\` and \`cursor\`. Pass \`pagination.nextCursor\` as \`cursor\` to get the next page. It is null
on the last page.

**Errors.** \`/api\` returns RFC 9457 problem documents. \`type\` is \`urn:gatehouse:problem:\` followed by a stable error code,
and \`errors\` points at each invalid field. A resource that the caller may not read returns the same response as one
that does not exist. \`/scim/v2\` returns SCIM errors (RFC 7644 section 3.12).`;

const tagDescriptions: Readonly<Record<string, string>> = {
  Caller: "The organization, token and scopes of the credential.",
  Organization: "The organization of the credential, and its settings.",
  Users: "The users of the organization. Users that an identity provider manages are read-only unless overridden.",
  Groups: "The groups of the organization, and their members.",
  "SCIM extensions": "The extension schemas of the organization: attributes of users and groups beyond RFC 7643.",
  Access: "What a user can use, and why.",
  "MCP servers": "The MCP servers that can be assigned to users and groups.",
  Toolkits: "Named selections of tools, skills and commands.",
  Skills: "Instructions in Markdown, with optional files.",
  Commands: "Prompt templates with arguments.",
  Policies: "Rules that allow or deny resources to users and groups, regardless of assignments.",
  Connections: "The connections of users to MCP servers.",
  Tokens: "API tokens: their scopes, restrictions and lifetime.",
  OAuth: "Short-lived access tokens by OAuth 2.0 client credentials.",
  "Auth exchange": "Personal tokens in exchange for the JWT of an external identity provider.",
  Audit: "The audit log of changes, and the log of requests.",
  Webhooks: "Audit events are sent to a URL, signed as Standard Webhooks specifies.",
  SCIM: "Provisioning by identity providers (RFC 7643, RFC 7644, RFC 9865).",
};

/** Builds the tags of the document, in the order of `names`. */
export function buildTags(
  names: readonly string[],
): readonly { readonly name: string; readonly description?: string }[] {
  return [...new Set(names)].map((name) => {
    const description = tagDescriptions[name];
    return { name, ...(description !== undefined && { description }) };
  });
}
