import { z } from "zod";
import { groupId } from "./assignment.ts";
import { httpUrl, uniqueArray } from "./text.ts";

const groupsMax = 50;
const visibleText = z
  .string()
  .regex(/^[\x21-\x7e]{1,300}$/, "must be 1 to 300 visible ASCII characters without spaces");

const idTokenGroups = uniqueArray(z.string().min(1, "must not be empty").max(200), groupsMax)
  .default([])
  .describe("Values of the claim `groupsClaim`, compared exactly. They count as they were at the sign-in.");
const groups = uniqueArray(groupId, groupsMax)
  .default([])
  .describe(
    "Ids of groups whose direct and inherited members have the role now. Whoever can change the members, such as a SCIM token, grants the role.",
  );

const noMembers = { idTokenGroups: [], groups: [] };
const roleMembers = z.strictObject({ idTokenGroups, groups }).meta({ id: "ConsoleRoleMembers" });

/** How administrators sign in to the console through an OpenID Provider (OpenID Connect Core 1.0). */
export const consoleSignInSettings = z
  .strictObject({
    issuer: httpUrl
      .refine((url) => !/[?#]/.test(url), "must have no query and no fragment")
      .describe(
        "The issuer identifier of the OpenID Provider, exactly as its configuration document has it. It must use HTTPS and be public, unless the operator allows its address.",
      ),
    clientId: visibleText.describe("The id of the client that the OpenID Provider has for this service."),
    matchUsersBy: z
      .enum(["email", "externalId"])
      .default("email")
      .describe(
        "`email`: a verified address in the claim `email` is the user name, or the primary or only e-mail address. `externalId`: the claim `externalIdClaim` is the `externalId` of the user.",
      ),
    externalIdClaim: visibleText.default("sub").describe("The claim that is compared with `externalId`."),
    groupsClaim: visibleText.default("groups").describe("The claim with the groups or roles of the user."),
    roles: z
      .strictObject({
        read: roleMembers.default(noMembers).describe("Who has the scope `admin:read`."),
        write: roleMembers.default(noMembers).describe("Who has the scope `admin:write`."),
        full: z
          .strictObject({ idTokenGroups })
          .meta({ id: "ConsoleFullRoleMembers" })
          .default({ idTokenGroups: [] })
          .describe(
            "Who has the scope `all`, and so manages tokens. Only the OpenID Provider grants it, because `admin:write` can change the members of every group.",
          ),
      })
      .default({ read: noMembers, write: noMembers, full: { idTokenGroups: [] } })
      .meta({ id: "ConsoleRoles" })
      .describe("Who can sign in, and with which scopes. Default: no user."),
  })
  .meta({ id: "ConsoleSignInSettings" });
export type ConsoleSignInSettings = Readonly<z.output<typeof consoleSignInSettings>>;
