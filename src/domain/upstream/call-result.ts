import { z } from "zod";
import type { McpObject, ToolResult } from "./upstream-calls.ts";
import { UpstreamError } from "./upstream-error.ts";

/** An optional field of the protocol. A value of another type is left out: clients would reject the whole result. */
const optional = <T extends z.ZodType>(type: T) => type.optional().catch(undefined);
const meta = optional(z.record(z.string(), z.unknown()));
const shared = {
  annotations: optional(
    z.looseObject({
      audience: z.array(z.enum(["user", "assistant"])).optional(),
      priority: z.number().min(0).max(1).optional(),
      lastModified: z.iso.datetime({ offset: true }).optional(),
    }),
  ),
  _meta: meta,
};
const icon = z.looseObject({
  src: z.string(),
  mimeType: z.string().optional(),
  sizes: z.array(z.string()).optional(),
  theme: z.enum(["light", "dark"]).optional(),
});
const base64 = z.string().refine(isBase64, "is not Base64");
const contentItem = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text"), text: z.string(), ...shared }),
  z.looseObject({ type: z.literal("image"), data: base64, mimeType: z.string(), ...shared }),
  z.looseObject({ type: z.literal("audio"), data: base64, mimeType: z.string(), ...shared }),
  z.looseObject({
    ...{ type: z.literal("resource_link"), uri: z.string(), name: z.string(), ...shared },
    ...{ title: optional(z.string()), description: optional(z.string()), mimeType: optional(z.string()) },
    ...{ size: optional(z.number()), icons: optional(z.array(icon)) },
  }),
  z.looseObject({
    type: z.literal("resource"),
    resource: z
      .looseObject({
        ...{ uri: z.string(), text: optional(z.string()), blob: optional(base64) },
        ...{ mimeType: optional(z.string()), _meta: meta },
      })
      .refine(({ text, blob }) => text !== undefined || blob !== undefined, "needs text or blob"),
    ...shared,
  }),
]);

/** Decides as the decoder of clients does (WHATWG Infra, forgiving-base64 decode). */
function isBase64(text: string): boolean {
  try {
    atob(text);
    return true;
  } catch {
    return false;
  }
}

const callResult = z.object({
  content: z.array(contentItem).optional(),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
  _meta: meta,
});

/**
 * Validates the CallToolResult of an MCP server and keeps the fields that clients of both protocol eras understand:
 * `content`, `structuredContent`, `isError` and `_meta`. Fields of the protocol in any `_meta`, such as the server's own
 * information, are about the connection to the server and are removed.
 * @throws UpstreamError for a result that clients would reject as a whole, such as one with an unknown type of content.
 *   Optional fields of a wrong type are left out instead
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
  const resultMeta = withoutProtocolFields(_meta);
  const items: McpObject[] = content?.map(cleanItem) ?? [];
  // Models whose client does not read structured content see the text only.
  if (structuredContent !== undefined && !items.some(({ type }) => type === "text"))
    items.push({ type: "text", text: JSON.stringify(structuredContent) });
  return {
    content: items,
    ...(structuredContent !== undefined && { structuredContent }),
    ...(isError !== undefined && { isError }),
    ...(resultMeta && { _meta: resultMeta }),
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
  const itemMeta = withoutProtocolFields(_meta);
  return { ...rest, ...(itemMeta && { _meta: itemMeta }) };
}

function withoutProtocolFields(meta: unknown): McpObject | undefined {
  if (typeof meta !== "object" || meta === null || Array.isArray(meta)) return undefined;
  const entries = Object.entries(meta).filter(([key]) => !key.startsWith("io.modelcontextprotocol/"));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
