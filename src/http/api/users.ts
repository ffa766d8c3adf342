import { z } from "zod";
import { shownEntity } from "../../../schemas/entity.ts";
import type { User } from "../../../schemas/user.ts";
import { fold } from "../../domain/fold.ts";
import type { UserAttributes } from "../../domain/people/users.ts";
import type { Operation } from "../operation.ts";
import { inboundUser, outboundAttributes } from "../scim/inbound.ts";
import { userSchema } from "../scim/schema.ts";
import { zodOf } from "../scim/zod-schema.ts";
import { type Directory, repeatedOwnership, shownOwnership } from "./directory.ts";
import { peopleOperations } from "./people.ts";

const attributes = zodOf(userSchema, "api");

const userInput = attributes.safeExtend(repeatedOwnership).meta({ id: "UserInput" });
const userShown = attributes
  .required({ active: true })
  .safeExtend({
    ...shownEntity,
    ...shownOwnership,
    id: z.string().describe("never changes; takes the place of the userName in every path"),
  })
  .meta({ id: "User" });

/** Compared in the form in which a name or address is not case-exact. */
const text = z.string().max(1024);

const users: Directory<User, UserAttributes> = {
  path: "/users",
  tag: "Users",
  name: "User",
  title: "user",
  prefix: "usr",
  key: "userName",
  input: userInput,
  shown: userShown,
  filters: {
    userName: {
      schema: text.optional().describe("in any letter case"),
      condition: (value) => ({ op: "eq", path: "folded.userName", value: fold(String(value)) }),
    },
    email: {
      schema: text.optional().describe("any of the user's addresses, in any letter case"),
      condition: (value) => ({
        op: "some",
        path: "folded.emails",
        where: { op: "eq", path: "value", value: fold(String(value)) },
      }),
    },
    externalId: {
      schema: text.optional(),
      condition: (value) => ({ op: "eq", path: "externalId", value }),
    },
    active: {
      schema: z.boolean().optional(),
      condition: (value) => ({ op: "eq", path: "active", value }),
    },
  },
  attributesFrom: (content) => inboundUser(outboundAttributes(content)),
  from: (rooms) => rooms.users,
};

/** Users as admins see and keep them: the same people that identity providers write through SCIM. */
export const userOperations: readonly Operation[] = peopleOperations(users);
