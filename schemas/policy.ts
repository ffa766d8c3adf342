import { z } from "zod";
import { assignment, unassigned } from "./assignment.ts";
import { entityFields, entityResponseFields, readOnlyEntityFields } from "./entity.ts";
import { labelsField, labelsResponse } from "./labels.ts";
import { description, name, slug, uniqueArray } from "./text.ts";
import { canMatchTool, toolPattern } from "./tool-pattern.ts";

export const policyResources = z
  .strictObject({
    mcpServers: uniqueArray(slug, 200).default([]),
    tools: uniqueArray(toolPattern, 200)
      .default([])
      .describe(
        "If not empty, the policy applies to these tools (of `mcpServers`, if not empty) and not to whole servers. `*` matches any characters, `?` matches one. With `__` a pattern matches the whole of `server__tool` (`github__delete_*`), without `__` the name of the tool (`delete_*`).",
      ),
    toolkits: uniqueArray(slug, 200).default([]),
    skills: uniqueArray(slug, 200).default([]),
    commands: uniqueArray(slug, 200).default([]),
  })
  .meta({ id: "PolicyResources" });
export type PolicyResources = Readonly<z.output<typeof policyResources>>;

const fields = {
  name,
  description: description.optional(),
  effect: z.enum(["allow", "deny"]).describe("`deny` takes precedence over `allow` and over every assignment."),
  subjects: assignment.default(unassigned),
  resources: policyResources.default({ mcpServers: [], tools: [], toolkits: [], skills: [], commands: [] }),
  enabled: z.boolean().default(true),
};

export const policy = z.object({ ...entityFields, slug, ...labelsField, ...fields });
export type Policy = Readonly<z.output<typeof policy>>;

export const policyInput = z
  .strictObject({ ...readOnlyEntityFields, slug, ...labelsField, ...fields })
  .superRefine(({ effect, resources }, context) => {
    const { mcpServers } = resources;
    for (const [index, pattern] of resources.tools.entries()) {
      if (mcpServers.length === 0 || mcpServers.some((server) => canMatchTool(pattern, server))) continue;
      const message = "can match no tool of resources.mcpServers. Add its server there, or correct the pattern";
      context.addIssue({ code: "custom", path: ["resources", "tools", index], message });
    }
    if (effect !== "allow" || resources.tools.length === 0 || resources.mcpServers.length > 0) return;
    const message = "must name the servers whose tools are allowed";
    context.addIssue({ code: "custom", path: ["resources", "mcpServers"], message });
  })
  .meta({ id: "PolicyInput" });

export const policyResponse = z
  .object({ ...entityResponseFields, slug, ...labelsResponse, ...fields })
  .meta({ id: "Policy" });
