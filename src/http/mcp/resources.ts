import { findServer, type ListedServer, listServers } from "../../domain/mcp/servers.ts";
import { skillUriPrefix } from "../../domain/mcp/skill-document.ts";
import type { McpObject } from "../../domain/upstream/upstream-calls.ts";
import { hasErrorCode } from "../../errors.ts";
import { renderResourceForUser } from "../api/resources/catalog-descriptor.ts";
import type { McpContext, McpServices } from "./context.ts";
import { InvalidParamsError } from "./message.ts";
import { toPage } from "./page.ts";
import { readSkillFile } from "./skills.ts";

const serverPrefix = "gatehouse://mcp-servers/";
const connectionPrefix = "gatehouse://connections/";
const json = "application/json";

/** The templates of the resources (MCP, `ResourceTemplate`). */
export const resourceTemplates: readonly McpObject[] = [
  {
    uriTemplate: `${serverPrefix}{slug}`,
    name: "mcp-server",
    title: "MCP server",
    description: "An MCP server that the user may use, with its tools.",
    mimeType: json,
  },
  {
    uriTemplate: `${connectionPrefix}{slug}`,
    name: "connection",
    title: "Connection",
    description: "The user's connection to an MCP server.",
    mimeType: json,
  },
  {
    uriTemplate: `${skillUriPrefix}{slug}/{+path}`,
    name: "skill-file",
    title: "File of a skill",
    description: "A file of a skill that the user may use. SKILL.md has its instructions.",
  },
];

/** Lists the MCP servers that the user may use, and the user's connection to each, as resources. */
export async function listMcpResources(
  context: McpContext,
  services: McpServices,
  cursor: string | undefined,
): Promise<{ readonly resources: readonly McpObject[]; readonly nextCursor?: string }> {
  const servers = await listReachable(context, services);
  const resources = servers.flatMap(({ slug, name, description }) => [
    { uri: connectionPrefix + slug, name: `connection-${slug}`, title: `Connection to ${name}`, mimeType: json },
    {
      ...{ uri: serverPrefix + slug, name: `mcp-server-${slug}`, title: name },
      ...(description !== undefined && { description }),
      mimeType: json,
    },
  ]);
  const sorted = resources.sort((one, other) => (one.uri < other.uri ? -1 : 1));
  const { items, nextCursor } = toPage(sorted, ({ uri }) => uri, cursor);
  return { resources: items, ...(nextCursor !== undefined && { nextCursor }) };
}

/**
 * Reads a file of a skill, or a server or connection as the user's view of `/api` returns it.
 * @throws InvalidParamsError with the same message whether it does not exist or the user may not use it
 */
export async function readResource(context: McpContext, services: McpServices, uri: string): Promise<McpObject> {
  const file = await readSkillFile(context, services, uri);
  if (file) return { contents: [file] };
  const value = await findResource(context, services, uri);
  if (!value) throw new InvalidParamsError(`Unknown resource: ${uri.slice(0, 200)}. List the resources again.`);
  return { contents: [{ uri, mimeType: json, text: JSON.stringify(value) }] };
}

async function findResource(context: McpContext, services: McpServices, uri: string): Promise<McpObject | undefined> {
  const prefix = [serverPrefix, connectionPrefix].find((each) => uri.startsWith(each));
  if (prefix === undefined) return undefined;
  const slug = uri.slice(prefix.length);
  const access = await context.access();
  const server = await findServer(services.api.mcpServers, access, await context.selection(), slug);
  if (!server) return undefined;
  if (prefix === serverPrefix) return { ...renderResourceForUser(server), tools: access.listUsableTools(server) };
  try {
    const { connection } = await services.api.connections.getOwn(access, slug);
    if (!connection) return { mcpServer: slug, status: "not-connected" };
    const { organizationId: _, mcpServerId: _s, ...visible } = connection;
    return visible;
  } catch (error) {
    if (hasErrorCode(error, "not-found")) return undefined;
    throw error;
  }
}

/** Completes the slug of a template: at most 100 slugs that begin with the value. */
export async function completeSlug(
  context: McpContext,
  services: McpServices,
  uriTemplate: string,
  argument: { readonly name: string; readonly value: string },
): Promise<readonly string[]> {
  if (!resourceTemplates.some((each) => each["uriTemplate"] === uriTemplate))
    throw new InvalidParamsError(`Unknown resource template: ${uriTemplate.slice(0, 200)}.`);
  if (argument.name !== "slug" || uriTemplate.startsWith(skillUriPrefix)) return [];
  return (await listReachable(context, services))
    .map(({ slug }) => slug)
    .filter((slug) => slug.startsWith(argument.value));
}

const listReachable = async (context: McpContext, { api }: McpServices): Promise<readonly ListedServer[]> =>
  listServers(api.mcpServers, await context.access(), await context.selection());
