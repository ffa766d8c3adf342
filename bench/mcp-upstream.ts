import { startUpstreamServer } from "../test/http/mcp/upstream.fixture.ts";

/** The MCP server behind every entry of the measured catalog, in a process of its own. */
const names = Array.from({ length: 50 }, (_, at) => `tool_${at}`);
const text = [{ type: "text", text: "The tool has done its work." }];
const { url } = await startUpstreamServer(Object.fromEntries(names.map((name) => [name, () => ({ content: text })])));
process.send?.(url);
process.on("disconnect", () => process.exit()); // the parent has exited, so this process must exit too
