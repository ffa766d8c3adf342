import type { VNode } from "preact";
import { type Toolkit, toolkitInput } from "../../../../schemas/toolkit.ts";
import { toolkitType } from "../../../domain/catalog/resource-types.ts";
import { Codes, Fact } from "../facts.tsx";
import { CheckBox, LinesField } from "../fields.tsx";
import { toResourceUrl } from "../target-path.ts";
import { splitLines } from "../value-lines.ts";
import { summarizeAssignment } from "./assignment.tsx";
import { toCheck, toOptional } from "./form-values.ts";
import { SlugLinks } from "./parts.tsx";
import type { CatalogSection, FormFieldsProps } from "./section.ts";

/** The pages of toolkits. */
export const toolkitSection: CatalogSection<Toolkit> = {
  resourceType: toolkitType,
  path: "/catalog/toolkits",
  heading: "Toolkits",
  name: "Toolkit",
  catalogFrom: (services) => services.toolkits,
  inputSchema: toolkitInput,
  filters: [
    { name: "ownerId", label: "Id of the owner", toCondition: (value) => ({ op: "eq", path: "ownerId", value }) },
  ],
  columns: [
    { name: "Servers", render: ({ entries }) => entries.length },
    { name: "Skills", render: ({ skills }) => skills.length },
    { name: "Commands", render: ({ commands }) => commands.length },
    { name: "Assigned to", render: ({ assignment }) => summarizeAssignment(assignment) },
  ],
  form: {
    keys: {
      ...{ name: ["name"], description: ["description"], entries: ["entries"], skills: ["skills"] },
      ...{ commands: ["commands"], leastPrivilege: ["leastPrivilege"] },
    },
    assignmentKey: "assignment",
    texts: ["description"],
    labels: {
      ...{ name: "Name", description: "Description", entries: "MCP servers and tools", skills: "Skills" },
      ...{ commands: "Commands", leastPrivilege: "Only the listed tools" },
    },
    defaults: {},
    toValues: ({ name, description, entries, skills, commands, leastPrivilege }) => ({
      ...{ name, description: description ?? "", skills: skills.join("\n"), commands: commands.join("\n") },
      entries: entries.map(toEntryLine).join("\n"),
      leastPrivilege: toCheck(leastPrivilege),
    }),
    toBody: (values) => ({
      name: values["name"],
      description: toOptional(values["description"]),
      entries: splitLines(values["entries"]).map(fromEntryLine),
      skills: splitLines(values["skills"]),
      commands: splitLines(values["commands"]),
      leastPrivilege: values["leastPrivilege"] === "true",
    }),
    rename: {},
    Fields: ToolkitFields,
  },
  renderDetails: async ({ base, resource: { entries, skills, commands, leastPrivilege } }) => (
    <section aria-labelledby="toolkit-content">
      <h2 id="toolkit-content">Content</h2>
      <dl class="facts">
        {entries.map(({ mcpServer, tools }) => (
          <Fact
            key={mcpServer}
            name={
              <>
                Tools of <a href={toResourceUrl(base, "mcp-server", mcpServer)}>{mcpServer}</a>
              </>
            }
          >
            {tools === "all" ? "All" : <Codes values={tools} />}
          </Fact>
        ))}
        <Fact name="Skills">
          <SlugLinks base={base} type="skill" slugs={skills} />
        </Fact>
        <Fact name="Commands">
          <SlugLinks base={base} type="command" slugs={commands} />
        </Fact>
        <Fact name="Only the listed tools">{leastPrivilege ? "Yes, as a hint for clients" : "No"}</Fact>
      </dl>
    </section>
  ),
};

/** Writes an entry as `server`, or as `server: tool, tool`. */
const toEntryLine = ({ mcpServer, tools }: Toolkit["entries"][number]): string =>
  tools === "all" ? mcpServer : `${mcpServer}: ${tools.join(", ")}`;

function fromEntryLine(line: string): { readonly mcpServer: string; readonly tools: "all" | readonly string[] } {
  const at = line.indexOf(":");
  if (at < 0) return { mcpServer: line, tools: "all" };
  const tools = line
    .slice(at + 1)
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  return { mcpServer: line.slice(0, at).trim(), tools };
}

function ToolkitFields({ values, errors }: FormFieldsProps): VNode {
  const props = (name: string) => ({ name, value: values[name] ?? "", errors });
  return (
    <>
      <LinesField {...props("description")} label="Description (optional)" />
      <LinesField
        {...props("entries")}
        label="MCP servers and tools"
        rows={6}
        hint="One server per line: its slug for all tools, or github: search_issues, create_issue for some of them."
      />
      <LinesField {...props("skills")} label="Skills" hint="Slugs, one per line." />
      <LinesField {...props("commands")} label="Commands" hint="Slugs, one per line." />
      <div class="field">
        <CheckBox
          name="leastPrivilege"
          label="Only the listed tools"
          hint="A hint for clients. The service stores it and does not enforce it."
          checked={values["leastPrivilege"] === "true"}
        />
      </div>
    </>
  );
}
