import type { User } from "../../../../schemas/user.ts";
import type { Caller } from "../../../domain/caller.ts";
import { parseIdOrName } from "../../../domain/directory/id-or-name.ts";
import { AppError } from "../../../errors.ts";
import type { Services } from "../../api/kernel/services.ts";

/**
 * Finds a user by the id, user name or main e-mail address that was entered in a form.
 * @param field the field of the form, in the name of the domain
 * @throws AppError invalid-value naming the field if there is no such user
 */
export async function requireUserByText(
  { users }: Pick<Services, "users">,
  { organizationId }: Caller,
  text: string,
  field: string,
): Promise<User> {
  const idOrName = parseIdOrName(text, "usr");
  const user =
    typeof idOrName === "string"
      ? await users.get(organizationId, idOrName)
      : await users.findByUserNameOrEmail(organizationId, text);
  if (user) return user;
  throw new AppError("invalid-value", "No user has this user name, e-mail address or id.", { field });
}
