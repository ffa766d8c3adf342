import type { VNode } from "preact";
import type { Tool } from "../../../../../../schemas/mcp-server.ts";
import type { McpServerRefresh } from "../../../../../../schemas/mcp-server-refresh.ts";
import { Choice } from "../../../fields.tsx";
import { toJsonText } from "../tool-form.ts";
import { Annotations } from "../tools-by-risk.tsx";
import { type ComparisonBudget, collapseSameLines, compareLines } from "./line-difference.ts";
import { hasInvisibleText, toVisibleText } from "./visible-text.ts";

/** A difference between a tool of an MCP server and the catalog. */
export type ToolChange =
  | { readonly kind: "changed"; readonly change: McpServerRefresh["changed"][number] }
  | { readonly kind: "added"; readonly change: McpServerRefresh["added"][number] }
  | { readonly kind: "removed"; readonly change: McpServerRefresh["removed"][number] };

/** Lists all differences, those of known tools first. */
export const listChanges = ({ changed, added, removed }: McpServerRefresh): readonly ToolChange[] => [
  ...changed.map((change) => ({ kind: "changed", change }) as const),
  ...added.map((change) => ({ kind: "added", change }) as const),
  ...removed.map((change) => ({ kind: "removed", change }) as const),
];

/** Returns the characters that the difference shows, at most. */
export const changeLength = (change: ToolChange): number => JSON.stringify(change).length;

const kindTexts = { changed: "changed", added: "new", removed: "no longer offered" };

/** One difference with the choice to approve it. The texts are shown as they are, and never as Markdown. */
export function ChangeView({
  change: { kind, change },
  budget,
  canApprove,
}: {
  readonly change: ToolChange;
  readonly budget: ComparisonBudget;
  readonly canApprove: boolean;
}): VNode {
  const { name, digest, isApplied } = change;
  const title = (
    <>
      <code>{name}</code> <span class="muted">{kindTexts[kind]}</span>
      {isApplied && <span class="status active"> applied</span>}
    </>
  );
  return (
    <div class="change">
      {canApprove && !isApplied ? (
        <Choice type="checkbox" name="digest" value={digest} checked={false} label={title} />
      ) : (
        <div>{title}</div>
      )}
      {kind === "added" && <AddedTool tool={change.tool} />}
      {kind === "changed" && <ChangedTool change={change} budget={budget} />}
      {kind === "removed" && (
        <p>The tool is removed from the catalog. Toolkits and policies that name it keep its name.</p>
      )}
    </div>
  );
}

function AddedTool({ tool }: { readonly tool: Tool }): VNode {
  return (
    <>
      <p>
        Risk <span class={`risk ${tool.risk}`}>{tool.risk}</span>{" "}
        <span class="muted">
          {tool.annotations ? "derived from what the server claims" : "because the server claims nothing about it"}
        </span>
      </p>
      <Annotations tool={tool} />
      {comparedTexts.map(({ field, label, toText }) => {
        const text = toText(tool);
        return field !== "annotations" && text !== "" && <Whole key={field} label={label} text={text} />;
      })}
    </>
  );
}

const Whole = ({ label, text }: { readonly label: string; readonly text: string }): VNode => (
  <>
    <p>
      {label} <InvisibleWarning text={text} />
    </p>
    <pre class="source">
      <code>{toVisibleText(text)}</code>
    </pre>
  </>
);

function ChangedTool({
  change: { fields, before, after },
  budget,
}: {
  readonly change: McpServerRefresh["changed"][number];
  readonly budget: ComparisonBudget;
}): VNode {
  return (
    <>
      {comparedTexts
        .filter(({ field }) => fields.includes(field))
        .map(({ field, label, toText }) => (
          <Difference key={field} label={label} before={toText(before)} after={toText(after)} budget={budget} />
        ))}
    </>
  );
}

function Difference({
  label,
  before,
  after,
  budget,
}: {
  readonly label: string;
  readonly before: string;
  readonly after: string;
  readonly budget: ComparisonBudget;
}): VNode {
  const lines = collapseSameLines(compareLines(toVisibleText(before), toVisibleText(after), budget));
  return (
    <>
      <p>
        {label} <InvisibleWarning text={after} />
      </p>
      <div class="difference">
        {lines.map((line, at) => {
          const key = `${at}`;
          if (typeof line === "number")
            return <span key={key}>{`... ${line} equal ${line === 1 ? "line" : "lines"}`}</span>;
          if (line.kind === "removed") return <del key={key}>{`- ${line.text}`}</del>;
          if (line.kind === "added") return <ins key={key}>{`+ ${line.text}`}</ins>;
          return <span key={key}>{`\u00a0 ${line.text}`}</span>;
        })}
      </div>
    </>
  );
}

const InvisibleWarning = ({ text }: { readonly text: string }): VNode | null =>
  hasInvisibleText(text) ? <strong class="status revoked">contains invisible characters</strong> : null;

/** The fields that are compared, as texts with one value per line. */
const comparedTexts: readonly {
  readonly field: McpServerRefresh["changed"][number]["fields"][number];
  readonly label: string;
  readonly toText: (tool: Tool) => string;
}[] = [
  { field: "title", label: "Title", toText: ({ title }) => title ?? "" },
  { field: "description", label: "Description", toText: ({ description }) => description ?? "" },
  { field: "annotations", label: "Annotations", toText: ({ annotations }) => toJsonText(annotations) },
  { field: "inputSchema", label: "Input schema", toText: ({ inputSchema }) => toJsonText(inputSchema) },
  { field: "outputSchema", label: "Output schema", toText: ({ outputSchema }) => toJsonText(outputSchema) },
];
