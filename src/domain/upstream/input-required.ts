import { z } from "zod";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import { type ElicitationMode, isMcpObject, type McpObject } from "./upstream-calls.ts";
import { UpstreamError } from "./upstream-error.ts";

/** The maximum length of a server's state and of its requests, in characters. */
const lengthMax = 32 * 1024;
const requestsMax = 16;

const message = z.string().max(2000);
/** The form of a request has only flat fields (MCP, elicitation). */
const field = z.looseObject({ type: z.enum(["string", "number", "integer", "boolean", "array"]) });
const fieldName = z.string().min(1).max(200);
const elicitation = z.object({
  method: z.literal("elicitation/create"),
  params: z.union([
    z.object({ mode: z.literal("url"), message, url: z.string().max(8192).refine(isWebUrl) }),
    z.object({
      mode: z.literal("form").default("form"),
      message,
      requestedSchema: z.object({
        type: z.literal("object"),
        properties: z.record(fieldName, field),
        required: z.array(fieldName).optional(),
      }),
    }),
  ]),
});
const inputRequired = z.object({
  inputRequests: z.record(z.string().regex(/^(?!__proto__$)[\x21-\x7e]{1,200}$/), elicitation).optional(),
  requestState: z.string().max(lengthMax).optional(),
});

/** Whether a result is a request for input (MCP 2026-07-28, multi round-trip requests). */
export const isInputRequired = (received: unknown): received is McpObject =>
  isMcpObject(received) && received["resultType"] === "input_required";

/**
 * Validates a server's request for input from the user. Only elicitation is passed on. Each message begins with the name
 * of the server, because the user sees it as a message of this service otherwise.
 * @param modes how the client can request input from its user
 * @throws UpstreamError for a request that the client cannot fulfill, and for one that is not valid
 */
export function toInputRequired(
  { slug, name }: Pick<McpServer, "slug" | "name">,
  received: McpObject,
  modes: readonly ElicitationMode[],
): { readonly inputRequests: Readonly<Record<string, McpObject>>; readonly requestState?: string | undefined } {
  const { success, data } = inputRequired.safeParse(received);
  const requests = Object.entries(data?.inputRequests ?? {});
  const isSmall = requests.length <= requestsMax && JSON.stringify(requests).length <= lengthMax;
  if (!success || !isSmall || (requests.length === 0 && data.requestState === undefined)) {
    throw new UpstreamError(
      "input-required",
      `The tool of the MCP server ${slug} requests input that cannot be passed on: it is not valid, too large, or no elicitation with a form or a web address.`,
    );
  }
  if (requests.some(([, { params }]) => !modes.includes(params.mode))) throw inputNotSupported(slug);
  return {
    inputRequests: Object.fromEntries(
      requests.map(([key, { method, params }]) => [
        key,
        { method, params: { ...params, message: `${name} (MCP server ${slug}): ${params.message}` } },
      ]),
    ),
    requestState: data.requestState,
  };
}

/** The error for a tool that needs input which the client cannot request from its user. */
export const inputNotSupported = (slug: string): UpstreamError =>
  new UpstreamError(
    "input-required",
    `The tool of the MCP server ${slug} requests input from the user, which your MCP client does not support here. Use a client with protocol 2026-07-28 and elicitation, or call the tool with all that it needs in its arguments.`,
  );

/** Whether a browser may open the URL: with `javascript:` or `file:`, it would act on the user's computer. */
function isWebUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "";
}
