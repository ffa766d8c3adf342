import { isMcpObject, type McpObject } from "./upstream-calls.ts";

/**
 * Builds the headers that repeat arguments of a tool call, for schema properties with `x-mcp-header` (MCP 2026-07-28,
 * Streamable HTTP). A server rejects a call without them. Properties nested in `properties` are included, others cannot
 * carry the annotation.
 * @returns headers such as `Mcp-Param-Region`; none for an argument that is absent, null or no primitive value
 */
export function toParamHeaders(inputSchema: unknown, args: McpObject): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  const visit = (schema: unknown, value: unknown): void => {
    if (!isMcpObject(schema)) return;
    const name = schema["x-mcp-header"];
    const text = toHeaderText(value);
    if (typeof name === "string" && headerName.test(name) && text !== undefined) headers[`Mcp-Param-${name}`] = text;
    const { properties } = schema;
    if (!isMcpObject(properties) || !isMcpObject(value)) return;
    for (const [key, child] of Object.entries(properties)) if (Object.hasOwn(value, key)) visit(child, value[key]);
  };
  visit(inputSchema, args);
  return headers;
}

/** A token of RFC 9110 section 5.6.2. */
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,200}$/;

function toHeaderText(value: unknown): string | undefined {
  if (typeof value === "string") return encodeHeaderText(value);
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value);
}

/** Text that a header cannot carry as it is becomes base64 of its UTF-8 bytes, with a marker. */
function encodeHeaderText(text: string): string {
  const isPlain = /^[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text);
  return isPlain ? text : `=?base64?${Buffer.from(text, "utf8").toString("base64")}?=`;
}
