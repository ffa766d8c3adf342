import { z } from "zod";
import { assignment, unassigned } from "./assignment.ts";
import {
  entityFields,
  entityResponseFields,
  ownerResponseFields,
  readOnlyEntityFields,
  readOnlyOwnerFields,
} from "./entity.ts";
import { labelsField, labelsResponse } from "./labels.ts";
import { description, name, slug } from "./text.ts";

/** `{{argument}}` in a template; the first group is the name of the argument. */
export const placeholderPattern = /\{\{([A-Za-z_][A-Za-z0-9_]{0,62})\}\}/g;

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
  template: z
    .string()
    .min(1)
    .max(50_000)
    .describe("The command's text. Each {{argument}} is replaced with the argument's value."),
  arguments: z
    .array(commandArgument)
    .max(50)
    .refine(
      (list) => new Set(list.map((each) => each.name)).size === list.length,
      "must not contain duplicate argument names",
    )
    .default([]),
  active: z.boolean().default(true),
};
const fields = { ...common, assignment: assignment.default(unassigned) };

/** A text template that a user invokes by name. */
export const command = z.object({ ...entityFields, slug, ownerId: z.string().optional(), ...labelsField, ...fields });
export type Command = Readonly<z.output<typeof command>>;

export const commandInput = z
  .strictObject({ ...readOnlyEntityFields, ...readOnlyOwnerFields, slug, ...labelsField, ...fields })
  .superRefine(checkPlaceholders)
  .meta({ id: "CommandInput" });
export const commandResponse = z
  .object({ ...entityResponseFields, ...ownerResponseFields, slug, ...labelsResponse, ...fields })
  .meta({ id: "Command" });

export const userCommandResponse = z
  .object({ ...entityResponseFields, ...ownerResponseFields, slug, ...labelsResponse, ...common })
  .meta({ id: "UserCommand" });

function checkPlaceholders(
  { template, arguments: declared }: { template: string; arguments: readonly { name: string }[] },
  context: z.RefinementCtx,
): void {
  const argumentNames = new Set(declared.map((each) => each.name));
  for (const [, name = ""] of template.matchAll(placeholderPattern)) {
    if (argumentNames.has(name)) continue;
    context.addIssue({
      code: "custom",
      path: ["template"],
      message: `contains {{${name}}}, which is not in arguments`,
    });
    return;
  }
}
