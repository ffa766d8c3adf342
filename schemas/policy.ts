import { z } from "zod";
import { assignment, unassigned } from "./assignment.ts";
import { entity, repeatedEntity, shownEntity } from "./entity.ts";
import { description, name, setOf, slug } from "./text.ts";

/** What tools a policy speaks of: `server__tool`, in which * stands for any text and ? for one character. */
export const toolPattern = z.string().regex(/^[A-Za-z0-9_.*?-]{1,200}$/, "must be a tool such as github__delete_*");

export const policyResources = z
  .strictObject({
    mcpServers: setOf(slug, 200).default([]),
    tools: setOf(toolPattern, 200)
      .default([])
      .describe(
        "where there are any, the policy speaks of these tools (of the mcpServers, if named) and not of whole servers",
      ),
    toolkits: setOf(slug, 200).default([]),
    skills: setOf(slug, 200).default([]),
    commands: setOf(slug, 200).default([]),
  })
  .meta({ id: "PolicyResources" });
export type PolicyResources = Readonly<z.output<typeof policyResources>>;

const fields = {
  name,
  description: description.optional(),
  effect: z.enum(["allow", "deny"]).describe("deny beats allow and every assignment"),
  subjects: assignment.default(unassigned),
  resources: policyResources.default({ mcpServers: [], tools: [], toolkits: [], skills: [], commands: [] }),
  enabled: z.boolean().default(true),
};

export const policy = z.object({ ...entity, slug, ...fields });
export type Policy = Readonly<z.output<typeof policy>>;

export const policyInput = z
  .strictObject({ ...repeatedEntity, slug, ...fields })
  .superRefine(({ effect, resources }, context) => {
    if (effect !== "allow" || resources.tools.length === 0 || resources.mcpServers.length > 0) return;
    const message = "must name the servers whose tools are allowed";
    context.addIssue({ code: "custom", path: ["resources", "mcpServers"], message });
  })
  .meta({ id: "PolicyInput" });

export const policyShown = z.object({ ...shownEntity, slug, ...fields }).meta({ id: "Policy" });
