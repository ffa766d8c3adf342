import type { VNode } from "preact";
import { z } from "zod";
import { type Policy, policyInput, policyResources } from "../../../../schemas/policy.ts";
import { previewToolPatterns } from "../../../domain/access/tool-matches.ts";
import { policyType } from "../../../domain/catalog/resource-types.ts";
import { parseBody } from "../../api/kernel/validation.ts";
import { Codes, Fact } from "../facts.tsx";
import { CheckBox, Choice, LinesField } from "../fields.tsx";
import { splitLines } from "../value-lines.ts";
import { summarizeAssignment } from "./assignment.tsx";
import { fieldError, toCheck, toOptional } from "./form-values.ts";
import { SlugLinks } from "./parts.tsx";
import { PatternMatches } from "./pattern-matches.tsx";
import type { CatalogSection, DetailContext, FormFieldsProps } from "./section.ts";

const resourceLabels = {
  mcpServers: "MCP servers",
  tools: "Tools",
  toolkits: "Toolkits",
  skills: "Skills",
  commands: "Commands",
} as const;
const resourceNames = Object.keys(resourceLabels) as readonly (keyof typeof resourceLabels)[];

/** The pages of policies. */
export const policySection: CatalogSection<Policy> = {
  resourceType: policyType,
  path: "/policies",
  heading: "Policies",
  name: "Policy",
  catalogFrom: (services) => services.policies,
  inputSchema: policyInput,
  filters: [
    {
      name: "effect",
      label: "Effect",
      options: { allow: "Allow", deny: "Deny" },
      toCondition: (value) => ({ op: "eq", path: "effect", value }),
    },
    {
      name: "enabled",
      label: "Status",
      options: { true: "Enabled", false: "Disabled" },
      toCondition: (value) => ({ op: "eq", path: "enabled", value: value === "true" }),
    },
  ],
  columns: [
    { name: "Effect", render: ({ effect }) => <Effect effect={effect} /> },
    { name: "Applies to", render: ({ subjects }) => summarizeAssignment(subjects) },
    { name: "Resources", render: ({ resources }) => summarizeResources(resources) },
  ],
  toggle: {
    isOn: ({ enabled }) => enabled,
    on: { status: "enabled", action: "Enable", change: { enabled: true } },
    off: { status: "disabled", action: "Disable", change: { enabled: false } },
  },
  form: {
    keys: {
      ...{ name: ["name"], description: ["description"], effect: ["effect"], enabled: ["enabled"] },
      resources: resourceNames,
    },
    assignmentKey: "subjects",
    texts: ["description"],
    labels: { name: "Name", description: "Description", effect: "Effect", enabled: "Enabled", ...resourceLabels },
    defaults: { effect: "deny", enabled: "true" },
    toValues: ({ name, description, effect, enabled, resources }) => ({
      ...{ name, description: description ?? "", effect, enabled: toCheck(enabled) },
      ...Object.fromEntries(resourceNames.map((key) => [key, resources[key].join("\n")])),
    }),
    toBody: (values) => ({
      ...{ name: values["name"], effect: values["effect"], enabled: values["enabled"] === "true" },
      description: toOptional(values["description"]),
      resources: Object.fromEntries(resourceNames.map((key) => [key, splitLines(values[key])])),
    }),
    rename: Object.fromEntries(resourceNames.map((key) => [`resources/${key}`, key])),
    Fields: PolicyFields,
  },
  renderDetails: renderPolicy,
  preview: {
    action: "Show which tools match",
    render: async ({ base, services, visit, body: { effect, resources } }) => {
      const valid = parseBody(z.object({ resources: policyResources }), { resources });
      if (valid.resources.tools.length === 0)
        throw fieldError("tools", "Enter at least one pattern to see which tools match.");
      const preview = await previewToolPatterns(services.mcpServers, visit.caller.organizationId, valid.resources);
      return <PatternMatches base={base} preview={preview} effect={effect === "allow" ? "allow" : "deny"} />;
    },
  },
};

async function renderPolicy({ base, services, visit, resource }: DetailContext<Policy>): Promise<VNode> {
  const { effect, resources } = resource;
  const preview =
    resources.tools.length > 0 &&
    (await previewToolPatterns(services.mcpServers, visit.caller.organizationId, resources));
  return (
    <>
      <section aria-labelledby="resources">
        <h2 id="resources">Resources</h2>
        <dl class="facts">
          <Fact name="Effect">
            <Effect effect={effect} />
          </Fact>
          <Fact name="MCP servers">
            <SlugLinks base={base} type="mcp-server" slugs={resources.mcpServers} />
          </Fact>
          <Fact name="Tools">
            {resources.tools.length > 0 ? <Codes values={resources.tools} /> : <span class="muted">None</span>}
          </Fact>
          <Fact name="Toolkits">
            <SlugLinks base={base} type="toolkit" slugs={resources.toolkits} />
          </Fact>
          <Fact name="Skills">
            <SlugLinks base={base} type="skill" slugs={resources.skills} />
          </Fact>
          <Fact name="Commands">
            <SlugLinks base={base} type="command" slugs={resources.commands} />
          </Fact>
        </dl>
      </section>
      {preview && <PatternMatches base={base} preview={preview} effect={effect} />}
    </>
  );
}

/** Whether a policy allows or denies. */
const Effect = ({ effect }: Pick<Policy, "effect">): VNode => <span class={`effect ${effect}`}>{effect}</span>;

function summarizeResources(resources: Policy["resources"]): string {
  const parts = resourceNames.flatMap((key) => {
    const { length } = resources[key];
    return length === 0 ? [] : [`${resourceLabels[key]}: ${length}`];
  });
  return parts.length === 0 ? "None" : parts.join(", ");
}

function PolicyFields({ values, errors }: FormFieldsProps): VNode {
  const props = (name: string) => ({ name, value: values[name] ?? "", errors });
  return (
    <>
      <LinesField {...props("description")} label="Description (optional)" />
      <fieldset id="effect" tabIndex={-1}>
        <legend>Effect</legend>
        <Choice
          type="radio"
          name="effect"
          value="deny"
          label="deny"
          hint="Takes precedence over allow and over every assignment."
          checked={values["effect"] === "deny"}
        />
        <Choice
          type="radio"
          name="effect"
          value="allow"
          label="allow"
          hint="Grants the resources to the users below."
          checked={values["effect"] === "allow"}
        />
      </fieldset>
      <div class="field">
        <CheckBox name="enabled" label="Enabled" checked={values["enabled"] === "true"} />
      </div>
      <LinesField {...props("mcpServers")} label="MCP servers" hint="Slugs, one per line." />
      <LinesField
        {...props("tools")}
        label="Tools"
        hint="Patterns, one per line: delete_* for tools of the servers above, github__delete_* with the server. * matches any characters, ? matches one. With patterns, the policy applies to these tools and not to whole servers."
      />
      <LinesField {...props("toolkits")} label="Toolkits" hint="Slugs, one per line." />
      <LinesField {...props("skills")} label="Skills" hint="Slugs, one per line." />
      <LinesField {...props("commands")} label="Commands" hint="Slugs, one per line." />
    </>
  );
}
