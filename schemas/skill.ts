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

export const skillFile = z
  .strictObject({
    path: z
      .string()
      .max(200)
      .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/, "must be a relative path"),
    content: z.string().max(100_000, "must have 100000 characters or fewer"),
  })
  .meta({ id: "SkillFile" });

const common = {
  name,
  description: description.optional(),
  content: z.string().max(100_000, "must have 100000 characters or fewer").describe("The skill's content in Markdown."),
  files: z
    .array(skillFile)
    .max(20)
    .refine((list) => new Set(list.map((each) => each.path)).size === list.length, "must not contain duplicate paths")
    .optional(),
};
const fields = { ...common, assignment: assignment.default(unassigned) };

/** Instructions in Markdown that a client adds to a model's context. */
export const skill = z.object({ ...entityFields, slug, ownerId: z.string().optional(), ...labelsField, ...fields });
export type Skill = Readonly<z.output<typeof skill>>;

export const skillInput = z
  .strictObject({ ...readOnlyEntityFields, ...readOnlyOwnerFields, slug, ...labelsField, ...fields })
  .meta({ id: "SkillInput" });
export const skillResponse = z
  .object({ ...entityResponseFields, ...ownerResponseFields, slug, ...labelsResponse, ...fields })
  .meta({ id: "Skill" });

export const userSkillResponse = z
  .object({ ...entityResponseFields, ...ownerResponseFields, slug, ...labelsResponse, ...common })
  .meta({ id: "UserSkill" });
