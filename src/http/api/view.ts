import type { Request } from "express";
import type { User } from "../../../schemas/user.ts";
import { AppError } from "../../errors.ts";
import { assertScope, insufficientScope } from "../authenticate.ts";
import type { Operation, View } from "../operation.ts";
import { callerOf } from "../request.ts";
import type { Rooms } from "./rooms.ts";

/** A view of one URL that the caller may have, and as whom. */
export type Chosen = { readonly view: View } | { readonly view: View<User>; readonly user: User };

/**
 * Which of the two views is asked for: a user's, where `x-user-email` names one or a personal token stands for one;
 * else the organisation's.
 * @throws AppError insufficient-scope; user-required; forbidden, alike for every cause, for a user who is not there
 */
export async function chooseView(req: Request, operation: Operation, { users }: Rooms): Promise<Chosen> {
  const caller = callerOf(req);
  const email = emailOf(req);
  if (email === undefined && caller.userId === undefined) {
    const { organization, user } = operation;
    const opens = ({ scopes }: Pick<View, "scopes">): boolean =>
      scopes.length === 0 || scopes.some((scope) => caller.scopes.has(scope));
    if (organization && opens(organization)) return { view: organization };
    if (user && (opens(user) || [...caller.scopes].every((scope) => scope.startsWith("connect:")))) {
      throw new AppError("user-required", "Name the user whose view this is: x-user-email.");
    }
    throw insufficientScope(caller, (organization ?? user)?.scopes ?? []);
  }
  const { user: view } = operation;
  if (!view) {
    throw new AppError("forbidden", "This is not for users: ask without x-user-email, and not with a personal token.");
  }
  if (view.scopes.length > 0) assertScope(caller, view.scopes);
  return { view, user: await actingUser(caller, email, users) };
}

/** Whether a user's view is asked for, whatever becomes of it: such requests have rate limits of their own. */
export const asksForUserView = (req: Request): boolean =>
  req.headersDistinct["x-user-email"] !== undefined || callerOf(req).userId !== undefined;

/** Longer than any address that mail can be sent to. */
const emailMax = 320;

function emailOf({ headersDistinct }: Request): string | undefined {
  const given = headersDistinct["x-user-email"] ?? [];
  if (given.length > 1) throw new AppError("invalid-request", "x-user-email is there twice.");
  const [email] = given;
  if (email === undefined) return undefined;
  const name = Buffer.from(email, "latin1").toString().trim();
  if (name === "") throw new AppError("user-required", "x-user-email is empty. Name the user whose view this is.");
  return name.slice(0, emailMax + 1);
}

async function actingUser(
  { organizationId, userId }: ReturnType<typeof callerOf>,
  email: string | undefined,
  users: Rooms["users"],
): Promise<User> {
  const own = userId === undefined ? undefined : await users.get(organizationId, userId);
  const named = email === undefined || email.length > emailMax ? undefined : await users.called(organizationId, email);
  const user = email === undefined ? own : named;
  if (user?.active && (userId === undefined || user.id === userId)) return user;
  throw new AppError("forbidden", "The user is not one that this credential can act for.");
}
