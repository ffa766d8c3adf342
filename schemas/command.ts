import { z } from "zod";
import { assignment, unassigned } from "./assignment.ts";
import { entity, repeatedEntity, repeatedOwner, shownEntity, shownOwner } from "./entity.ts";
import { description, name, slug } from "./text.ts";

export const commandArgument = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, "must be a letter, then letters, digits and underscores"),
    description: description.optional(),
    required: z.boolean().default(false),
  })
  .meta({ id: "CommandArgument" });

const common = {
  name,
  description: description.optional(),
  template: z.string().min(1).max(50_000).describe("text in which {{argument}} stands for the value of an argument"),
  arguments: z
    .array(commandArgument)
    .max(50)
    .refine((list) => new Set(list.map((each) => each.name)).size === list.length, "must not name an argument twice")
    .default([]),
  active: z.boolean().default(true),
};
const fields = { ...common, assignment: assignment.default(unassigned) };

/** A text template that a user calls by name. */
export const command = z.object({ ...entity, slug, ownerId: z.string().optional(), ...fields });
export type Command = Readonly<z.output<typeof command>>;

export const commandInput = z
  .strictObject({ ...repeatedEntity, ...repeatedOwner, slug, ...fields })
  .superRefine(placeholdersAreArguments)
  .meta({ id: "CommandInput" });
export const commandShown = z.object({ ...shownEntity, ...shownOwner, slug, ...fields }).meta({ id: "Command" });

export const commandForUser = z.object({ ...shownEntity, ...shownOwner, slug, ...common }).meta({ id: "UserCommand" });

function placeholdersAreArguments(
  { template, arguments: declared }: { template: string; arguments: readonly { name: string }[] },
  context: z.RefinementCtx,
): void {
  const known = new Set(declared.map((each) => each.name));
  for (const [, name = ""] of template.matchAll(/\{\{([A-Za-z_][A-Za-z0-9_]{0,62})\}\}/g)) {
    if (known.has(name)) continue;
    context.addIssue({
      code: "custom",
      path: ["template"],
      message: `has {{${name}}}, which is none of the arguments`,
    });
    return;
  }
}
