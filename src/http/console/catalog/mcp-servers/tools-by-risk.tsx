import type { VNode } from "preact";
import type { McpServer, Tool, ToolRisk } from "../../../../../schemas/mcp-server.ts";
import { toolRisk } from "../../../../../schemas/mcp-server.ts";
import type { ToolPolicies } from "../../../../domain/access/tool-matches.ts";
import { CardTable } from "../../facts.tsx";
import { toResourceUrl } from "../../target-path.ts";

interface ToolsProps {
  readonly base: string;
  /** The page of the server. */
  readonly url: string;
  readonly tools: McpServer["tools"];
  readonly policies: ToolPolicies;
}

/** The tools of a server, those of the highest risk first. A server has up to 500. */
export function ToolsByRisk({ base, url, tools, policies }: ToolsProps): VNode {
  if (tools.length === 0) return <p class="empty">The catalog has no tool of this server.</p>;
  return (
    <>
      {toolRisk.options.toReversed().map((risk) => {
        const ofRisk = tools.filter((tool) => tool.risk === risk);
        return (
          ofRisk.length > 0 && (
            <section key={risk} class="by-risk" aria-labelledby={`risk-${risk}`}>
              <h3 id={`risk-${risk}`}>
                <span class={`risk ${risk}`}>{risk}</span> {riskTexts[risk]}{" "}
                <span class="muted">
                  {ofRisk.length} {ofRisk.length === 1 ? "tool" : "tools"}
                </span>
              </h3>
              <CardTable caption={`Tools with risk ${risk}`} columns={columns}>
                {ofRisk.map((tool) => (
                  <ToolRow key={tool.name} policies={policies.byTool.get(tool.name) ?? []} {...{ base, url, tool }} />
                ))}
              </CardTable>
            </section>
          )
        );
      })}
      {policies.isPartial && <p class="notice">There are more policies than this page compares with the tools.</p>}
    </>
  );
}

const riskTexts: Readonly<Record<ToolRisk, string>> = {
  read: "reads data",
  write: "changes data",
  destructive: "can destroy data",
};
const columns = ["Tool", "Description", "Annotations", "Policies", "Status"] as const;

const ToolRow = ({
  base,
  url,
  tool,
  policies,
}: Pick<ToolsProps, "base" | "url"> & {
  readonly tool: Tool;
  readonly policies: readonly { readonly id: string; readonly name: string; readonly effect: string }[];
}): VNode => (
  <tr>
    <th scope="row">
      <a href={`${url}/tools?name=${encodeURIComponent(tool.name)}`}>
        <code>{tool.name}</code>
      </a>
    </th>
    <td data-label="Description">{shorten(tool.description ?? tool.title ?? "")}</td>
    <td data-label="Annotations">
      <Annotations tool={tool} />
    </td>
    <td data-label="Policies">
      <PolicyLinks base={base} policies={policies} />
    </td>
    <td data-label="Status">
      <span class={`status ${tool.enabled ? "active" : "disabled"}`}>{tool.enabled ? "enabled" : "disabled"}</span>
    </td>
  </tr>
);

/** The policies that decide about a tool. */
export function PolicyLinks({
  base,
  policies,
}: {
  readonly base: string;
  readonly policies: readonly { readonly id: string; readonly name: string; readonly effect: string }[];
}): VNode | null {
  if (policies.length === 0) return null;
  return (
    <ul class="chips">
      {policies.slice(0, policiesMax).map(({ id, name, effect }) => (
        <li key={id}>
          <span class={`effect ${effect}`}>{effect}</span> <a href={toResourceUrl(base, "policy", id)}>{name}</a>
        </li>
      ))}
      {policies.length > policiesMax && <li>{policies.length - policiesMax} more</li>}
    </ul>
  );
}

const policiesMax = 10;

/** What the server claims about a tool. */
export function Annotations({
  tool: { annotations = {} },
}: {
  readonly tool: Pick<Tool, "annotations">;
}): VNode | null {
  const hints = Object.entries(annotations).filter(([name]) => name !== "title");
  if (hints.length === 0) return null;
  return (
    <ul class="chips">
      {hints.map(([name, value]) => (
        <li key={name}>
          {name}: {String(value)}
        </li>
      ))}
    </ul>
  );
}

const descriptionMax = 240;
const shorten = (text: string): string => (text.length > descriptionMax ? `${text.slice(0, descriptionMax)}...` : text);
