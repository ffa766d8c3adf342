import { z } from "zod";
import { assignment, unassigned } from "./assignment.ts";
import { entity, repeatedEntity, repeatedOwner, shownEntity, shownOwner } from "./entity.ts";
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
  content: z.string().max(100_000, "must have 100000 characters or fewer").describe("Markdown"),
  files: z
    .array(skillFile)
    .max(20)
    .refine((list) => new Set(list.map((each) => each.path)).size === list.length, "must not name a path twice")
    .optional(),
};
const fields = { ...common, assignment: assignment.default(unassigned) };

/** Instructions in Markdown that are put into a model's context. */
export const skill = z.object({ ...entity, slug, ownerId: z.string().optional(), ...fields });
export type Skill = Readonly<z.output<typeof skill>>;

export const skillInput = z
  .strictObject({ ...repeatedEntity, ...repeatedOwner, slug, ...fields })
  .meta({ id: "SkillInput" });
export const skillShown = z.object({ ...shownEntity, ...shownOwner, slug, ...fields }).meta({ id: "Skill" });

export const skillForUser = z.object({ ...shownEntity, ...shownOwner, slug, ...common }).meta({ id: "UserSkill" });
