import type { Request, RequestHandler } from "express";
import type { VNode } from "preact";
import type { McpServer, Tool } from "../../../../../schemas/mcp-server.ts";
import { findToolPolicies } from "../../../../domain/access/tool-matches.ts";
import { AppError } from "../../../../errors.ts";
import { Fact } from "../../facts.tsx";
import { CsrfField } from "../../fields.tsx";
import { Markdown } from "../../markdown.tsx";
import type { PageOptions } from "../../options.ts";
import { Layout, sendHtmlPage } from "../../page.tsx";
import { VersionField } from "../../version-field.tsx";
import { requireVisit } from "../../visit.ts";
import { canWrite, requireResource } from "../section.ts";
import { mcpServerSection } from "./section.tsx";
import { toJsonText } from "./tool-form.ts";
import { Annotations, PolicyLinks } from "./tools-by-risk.tsx";

/** Shows one tool of an MCP server with its schemas, its annotations, and the policies that decide about it. */
export function showTool({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowTool";
    const visit = requireVisit(req);
    const server = await requireResource(mcpServerSection, services, visit, req.params["id"]);
    const tool = requireTool(server, req.query["name"]);
    const { byTool } = await findToolPolicies(services.policies, visit.caller.organizationId, {
      ...{ slug: server.slug, tools: [tool] },
    });
    const url = `${base}${mcpServerSection.path}/${server.id}`;
    sendHtmlPage(
      res,
      200,
      <Layout title={`${tool.name} of ${server.name}`} base={base} visit={visit}>
        <ServerTrail base={base} server={server} />
        <div class="heading">
          <h1>
            <code>{tool.name}</code>
          </h1>
          <span class={`risk ${tool.risk}`}>{tool.risk}</span>
          <span class={`status ${tool.enabled ? "active" : "disabled"}`}>{tool.enabled ? "enabled" : "disabled"}</span>
        </div>
        {canWrite(visit) && (
          <div class="actions">
            <a class="button" href={`${url}/tools/edit?name=${encodeURIComponent(tool.name)}`}>
              Edit
            </a>
            <form method="post" action={`${url}/tools/delete`}>
              <CsrfField visit={visit} />
              <VersionField version={server.version} />
              <input type="hidden" name="original" value={tool.name} />
              <button type="submit" class="danger">
                Delete
              </button>
            </form>
          </div>
        )}
        <dl class="facts">
          {tool.title !== undefined && <Fact name="Title">{tool.title}</Fact>}
          <Fact name="Annotations">{tool.annotations ? <Annotations tool={tool} /> : <None />}</Fact>
          <Fact name="Policies">
            {byTool.size > 0 ? <PolicyLinks base={base} policies={byTool.get(tool.name) ?? []} /> : <None />}
          </Fact>
        </dl>
        {tool.description !== undefined && (
          <section aria-labelledby="description">
            <h2 id="description">Description</h2>
            <Markdown text={tool.description} />
          </section>
        )}
        <SchemaSection id="input" heading="Input schema" schema={tool.inputSchema} />
        <SchemaSection id="output" heading="Output schema" schema={tool.outputSchema} />
      </Layout>,
    );
  };
}

const None = (): VNode => <span class="muted">None</span>;

function SchemaSection({
  id,
  heading,
  schema,
}: {
  readonly id: string;
  readonly heading: string;
  readonly schema: unknown;
}): VNode | null {
  if (schema === undefined) return null;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{heading}</h2>
      <pre class="source">
        <code>{toJsonText(schema)}</code>
      </pre>
    </section>
  );
}

/** The way back to a server. */
export const ServerTrail = ({ base, server }: { readonly base: string; readonly server: McpServer }): VNode => (
  <p class="trail">
    <a href={`${base}${mcpServerSection.path}`}>MCP servers</a> /{" "}
    <a href={`${base}${mcpServerSection.path}/${server.id}`}>{server.name}</a>
  </p>
);

/** @throws AppError not-found */
export function requireTool({ tools }: McpServer, name: Request["query"][string]): Tool {
  const tool = tools.find((each) => each.name === name);
  if (tool) return tool;
  throw new AppError("not-found", "The MCP server has no tool with this name.");
}
