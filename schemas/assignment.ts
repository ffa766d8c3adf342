import { z } from "zod";
import { setOf } from "./text.ts";

export const userId = z.string().regex(/^usr_[0-9A-Z]{26}$/, "must be the id of a user");
export const groupId = z.string().regex(/^grp_[0-9A-Z]{26}$/, "must be the id of a group");

/** Who is given a thing: everyone, the members of groups (of groups in them too), single users. */
export const assignment = z
  .strictObject({
    everyone: z.boolean().default(false),
    groups: setOf(groupId, 200).default([]),
    users: setOf(userId, 200).default([]),
  })
  .meta({ id: "Assignment" });
export type Assignment = Readonly<z.output<typeof assignment>>;

/** Nobody yet. */
export const unassigned = { everyone: false, groups: [], users: [] };
