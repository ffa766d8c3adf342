import { z } from "zod";
import { uniqueArray } from "./text.ts";

export const userId = z.string().regex(/^usr_[0-9A-Z]{26}$/, "must be the id of a user");
export const groupId = z.string().regex(/^grp_[0-9A-Z]{26}$/, "must be the id of a group");

/** The users who can use a resource: everyone, the direct and transitive members of groups, or single users. */
export const assignment = z
  .strictObject({
    everyone: z.boolean().default(false),
    groups: uniqueArray(groupId, 200).default([]),
    users: uniqueArray(userId, 200).default([]),
  })
  .meta({ id: "Assignment" });
export type Assignment = Readonly<z.output<typeof assignment>>;

/** The default assignment: no users. */
export const unassigned = { everyone: false, groups: [], users: [] };
