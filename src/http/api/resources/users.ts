import { z } from "zod";
import { entityResponseFields } from "../../../../schemas/entity.ts";
import type { User, UserAttributes } from "../../../../schemas/user.ts";
import { userSchema } from "../../../scim/schema/resource-schema.ts";
import { toZodSchema } from "../../../scim/schema/zod-schema.ts";
import { parseUser, toScimAttributes } from "../../../scim/values/inbound.ts";
import { elementEquals, fieldEquals, fieldStartsWith, userFields } from "../../../store/fields.ts";
import { nameFilter } from "../kernel/lists.ts";
import type { Operation } from "../kernel/operation.ts";
import { type DirectoryDescriptor, ownershipResponseFields, readOnlyOwnershipFields } from "./directory.ts";
import { extensionsField } from "./directory-extensions.ts";
import { directoryOperations } from "./directory-operations.ts";

const userAttributesSchema = toZodSchema(userSchema, "api");

const userInput = userAttributesSchema
  .safeExtend({ ...readOnlyOwnershipFields, extensions: extensionsField })
  .meta({ id: "UserInput" });
const userResponse = userAttributesSchema
  .required({ active: true })
  .safeExtend({
    ...entityResponseFields,
    ...ownershipResponseFields,
    extensions: extensionsField,
    id: z.string().describe("Never changes. Every path accepts it instead of the userName."),
  })
  .meta({ id: "User" });

const textParameter = z.string().max(1024);

const userDescriptor: DirectoryDescriptor<User, UserAttributes> = {
  path: "/users",
  tag: "Users",
  name: "User",
  title: "user",
  idPrefix: "usr",
  keyAttribute: "userName",
  inputSchema: userInput,
  responseSchema: userResponse,
  filters: {
    ...nameFilter("userName", (value) => fieldStartsWith(userFields.userName, value)),
    userName: {
      schema: textParameter.optional().describe("The userName of the user (case-insensitive)."),
      toCondition: (value) => fieldEquals(userFields.userName, value),
    },
    email: {
      schema: textParameter.optional().describe("Any of the user's email addresses (case-insensitive)."),
      toCondition: (value) => elementEquals(userFields.emails, "value", value),
    },
    externalId: {
      schema: textParameter.optional().describe("The identifier of the user at the identity provider."),
      toCondition: (value) => fieldEquals(userFields.externalId, value),
    },
    active: {
      schema: z.boolean().optional().describe("Whether the user is active."),
      toCondition: (value) => fieldEquals(userFields.active, value),
    },
  },
  parseAttributes: (content, schema) => parseUser(toScimAttributes(content), schema),
  serviceFrom: (services) => services.users,
};

/** The operations on users, the same ones that identity providers provision through SCIM. */
export const userOperations: readonly Operation[] = directoryOperations(userDescriptor);
