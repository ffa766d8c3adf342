import { z } from "zod";
import type { McpObject, ToolResult } from "./upstream-calls.ts";
import { UpstreamError } from "./upstream-error.ts";

const annotated = { annotations: z.record(z.string(), z.unknown()).optional() };
const contentItem = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text"), text: z.string(), ...annotated }),
  z.looseObject({ type: z.literal("image"), data: z.string(), mimeType: z.string(), ...annotated }),
  z.looseObject({ type: z.literal("audio"), data: z.string(), mimeType: z.string(), ...annotated }),
  z.looseObject({ type: z.literal("resource_link"), uri: z.string(), name: z.string(), ...annotated }),
  z.looseObject({
    type: z.literal("resource"),
    resource: z
      .looseObject({ uri: z.string(), text: z.string().optional(), blob: z.string().optional() })
      .refine(({ text, blob }) => text !== undefined || blob !== undefined, "needs text or blob"),
    ...annotated,
  }),
]);

const callResult = z.object({
  content: z.array(contentItem).optional(),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
  _meta: z.record(z.string(), z.unknown()).optional(),
});

/**
 * Validates the CallToolResult of an MCP server and keeps the fields that clients of both protocol eras understand:
 * `content`, `structuredContent`, `isError` and `_meta`. Fields of the protocol in any `_meta`, such as the server's own
 * information, are about the connection to the server and are removed.
 * @throws UpstreamError for a result that clients would reject as a whole, such as one with an unknown type of content
 */
export function toCallResult(slug: string, received: unknown): ToolResult {
  const { success, data, error } = callResult.safeParse(received);
  if (!success) {
    const [issue] = error.issues;
    const where = issue && issue.path.length > 0 ? ` at ${issue.path.join(".")}` : "";
    throw invalidResult(slug, `it is not valid${where}`);
  }
  const { content, structuredContent, isError, _meta } = data;
  if (content === undefined && structuredContent === undefined) throw invalidResult(slug, "it has no content");
  const meta = withoutProtocolFields(_meta);
  const items: McpObject[] = content?.map(cleanItem) ?? [];
  // Models whose client does not read structured content see the text only.
  if (structuredContent !== undefined && !items.some(({ type }) => type === "text"))
    items.push({ type: "text", text: JSON.stringify(structuredContent) });
  return {
    content: items,
    ...(structuredContent !== undefined && { structuredContent }),
    ...(isError !== undefined && { isError }),
    ...(meta && { _meta: meta }),
  };
}

const invalidResult = (slug: string, problem: string): UpstreamError =>
  new UpstreamError(
    "invalid-response",
    `The MCP server ${slug} returned a result that cannot be passed on: ${problem}.`,
    false,
  );

function cleanItem(item: z.output<typeof contentItem>): McpObject {
  const { _meta, ...rest } = item as McpObject;
  const meta = withoutProtocolFields(_meta);
  return { ...rest, ...(meta && { _meta: meta }) };
}

function withoutProtocolFields(meta: unknown): McpObject | undefined {
  if (typeof meta !== "object" || meta === null || Array.isArray(meta)) return undefined;
  const entries = Object.entries(meta).filter(([key]) => !key.startsWith("io.modelcontextprotocol/"));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
