import type { VNode } from "preact";
import { type Command, commandInput } from "../../../../schemas/command.ts";
import { commandType } from "../../../domain/catalog/resource-types.ts";
import { CheckBox, LinesField } from "../fields.tsx";
import { Markdown } from "../markdown.tsx";
import { fromValueLine, splitLines, toValueLine } from "../value-lines.ts";
import { summarizeAssignment } from "./assignment.tsx";
import { toCheck, toOptional } from "./form-values.ts";
import type { CatalogSection, FormFieldsProps } from "./section.ts";

/** The pages of commands. */
export const commandSection: CatalogSection<Command> = {
  resourceType: commandType,
  path: "/catalog/commands",
  heading: "Commands",
  name: "Command",
  catalogFrom: (services) => services.commands,
  inputSchema: commandInput,
  filters: [
    {
      name: "active",
      label: "Status",
      options: { true: "Active", false: "Inactive" },
      toCondition: (value) => ({ op: "eq", path: "active", value: value === "true" }),
    },
    { name: "ownerId", label: "Id of the owner", toCondition: (value) => ({ op: "eq", path: "ownerId", value }) },
  ],
  columns: [
    { name: "Arguments", render: (command) => command.arguments.map(({ name }) => name).join(", ") },
    { name: "Assigned to", render: ({ assignment }) => summarizeAssignment(assignment) },
  ],
  toggle: {
    isOn: ({ active }) => active,
    on: { status: "active", action: "Activate", change: { active: true } },
    off: { status: "inactive", action: "Deactivate", change: { active: false } },
  },
  form: {
    keys: {
      ...{ name: ["name"], description: ["description"], template: ["template"], arguments: ["arguments"] },
      active: ["active"],
    },
    assignmentKey: "assignment",
    texts: ["description", "template"],
    labels: {
      ...{ name: "Name", description: "Description", template: "Template", arguments: "Arguments", active: "Active" },
    },
    defaults: { active: "true" },
    toValues: (command) => ({
      ...{ name: command.name, description: command.description ?? "", template: command.template },
      arguments: command.arguments.map(toArgumentLine).join("\n"),
      active: toCheck(command.active),
    }),
    toBody: (values) => ({
      name: values["name"],
      description: toOptional(values["description"]),
      template: values["template"],
      arguments: splitLines(values["arguments"]).map(fromArgumentLine),
      active: values["active"] === "true",
    }),
    rename: {},
    Fields: CommandFields,
  },
  renderDetails: async ({ resource }) => (
    <>
      <section aria-labelledby="arguments">
        <h2 id="arguments">Arguments</h2>
        {resource.arguments.length === 0 ? (
          <p class="muted">None</p>
        ) : (
          <ul>
            {resource.arguments.map(({ name, description, required }) => (
              <li key={name}>
                <code>{name}</code> {required && <strong>required</strong>}
                {description !== undefined && <span class="sub">{description}</span>}
              </li>
            ))}
          </ul>
        )}
      </section>
      <section aria-labelledby="template">
        <h2 id="template">Template</h2>
        <Markdown text={resource.template} />
        <details>
          <summary>Source</summary>
          <pre class="source">
            <code>{resource.template}</code>
          </pre>
        </details>
      </section>
    </>
  ),
};

/** Writes an argument as `name`, `name (required)` or `name (required): description`. */
const toArgumentLine = ({ name, description, required }: Command["arguments"][number]): string =>
  `${name}${required ? " (required)" : ""}${description === undefined ? "" : `: ${toValueLine(description)}`}`;

function fromArgumentLine(line: string): Readonly<Record<string, unknown>> {
  const at = line.indexOf(":");
  const head = (at < 0 ? line : line.slice(0, at)).trim();
  const isRequired = head.endsWith("(required)");
  const name = isRequired ? head.slice(0, -"(required)".length).trim() : head;
  return {
    name,
    required: isRequired,
    ...(at >= 0 && { description: fromValueLine(line.slice(at + 1).trim(), "arguments") }),
  };
}

function CommandFields({ values, errors }: FormFieldsProps): VNode {
  const props = (name: string) => ({ name, value: values[name] ?? "", errors });
  return (
    <>
      <LinesField {...props("description")} label="Description (optional)" />
      <LinesField
        {...props("template")}
        label="Template"
        rows={12}
        hint="The text of the command. Each {{argument}} is replaced with the value of the argument."
      />
      <LinesField
        {...props("arguments")}
        label="Arguments"
        hint="One per line: name, name (required), or name (required): description."
      />
      <div class="field">
        <CheckBox name="active" label="Active" checked={values["active"] === "true"} />
      </div>
    </>
  );
}
