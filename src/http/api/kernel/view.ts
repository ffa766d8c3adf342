import { isUtf8 } from "node:buffer";
import type { Request, RequestHandler } from "express";
import type { Scope } from "../../../../schemas/token.ts";
import type { User } from "../../../../schemas/user.ts";
import type { Caller } from "../../../domain/caller.ts";
import type { Users } from "../../../domain/directory/users.ts";
import { AppError } from "../../../errors.ts";
import { assertScope, insufficientScope } from "../../auth/authenticate.ts";
import { requireCaller } from "../../server/request.ts";
import type { Operation, View } from "./operation.ts";

/** The selected view, with the acting user if it is a user's view. */
export type SelectedView = { readonly view: View } | { readonly view: View<User>; readonly user: User };

/**
 * Selects the view of a request: the user's, if `x-user-email` or a personal token identifies a user, else the
 * organization's.
 * @throws AppError insufficient-scope; user-required; forbidden if the caller cannot act as that user, with the same body
 *   for every cause
 */
export function selectView(req: Request, operation: Operation): SelectedView {
  const caller = requireCaller(req);
  const names = readUserNames(req);
  if (names === undefined && caller.userId === undefined) {
    const { organization, user } = operation;
    const hasRequiredScope = ({ scopes }: Pick<View, "scopes">): boolean =>
      scopes.length === 0 || scopes.some((scope) => caller.scopes.has(scope));
    if (organization && hasRequiredScope(organization)) return { view: organization };
    if (user && (hasRequiredScope(user) || [...caller.scopes].every((scope) => scope.startsWith("connect:")))) {
      throw new AppError("user-required", "This operation requires a user. Send the header x-user-email.");
    }
    throw insufficientScope(caller, (organization ?? user)?.scopes ?? []);
  }
  const { user: view } = operation;
  if (!view) {
    throw new AppError(
      "forbidden",
      "This operation has no user's view. Omit x-user-email, and do not use a personal token.",
    );
  }
  if (view.scopes.length > 0) assertScope(caller, view.scopes);
  return { view, user: requireActingUser(req) };
}

/** Whether a request is for a user's view, which has its own rate limits. It may still be rejected later. */
export const isUserViewRequest = (req: Request): boolean =>
  req.headersDistinct["x-user-email"] !== undefined || requireCaller(req).userId !== undefined;

/**
 * Creates the step that sets the user as whom a request acts, for its rate limits and its view. It rejects nothing:
 * `selectView` does, with the error of the operation. A credential that cannot act as any user does not learn from the
 * limits which users exist.
 */
export function identifyActingUser(users: Users): RequestHandler {
  return async (req, _res, next) => {
    const caller = requireCaller(req);
    if (!isUserViewRequest(req) || !actingScopes.some((scope) => caller.scopes.has(scope))) return next();
    const user = await findActingUser(caller, readUserNamesIfValid(req), users);
    if (user) req.actingUser = user;
    next();
  };
}

const actingScopes = ["connect:read", "connect:write"] as const;

/** In characters; longer than any valid email address (RFC 5321 section 4.5.3.1). */
const nameLengthMax = 320;

/**
 * Reads `x-user-email`.
 * @returns its readings, the most literal first; undefined if the request has no such header
 * @throws AppError invalid-request; user-required if it is empty
 */
function readUserNames({ headersDistinct }: Request): readonly string[] | undefined {
  const values = headersDistinct["x-user-email"] ?? [];
  if (values.length > 1) throw new AppError("invalid-request", "x-user-email appears more than once.");
  const [header] = values;
  if (header === undefined) return undefined;
  const literal = decodeBytes(Buffer.from(header, "latin1")).trim();
  if (literal === "")
    throw new AppError("user-required", "x-user-email is empty. Send the userName or email address of a user.");
  const decoded = decodePercents(literal);
  return [literal, ...(decoded === undefined ? [] : [decoded])].filter(isStorableName);
}

function readUserNamesIfValid(req: Request): readonly string[] | undefined {
  try {
    return readUserNames(req);
  } catch {
    return []; // `selectView` rejects the header
  }
}

/** Decodes bytes as UTF-8, or else as Latin-1, which HTTP clients send where a header is no ASCII. */
function decodeBytes(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString("utf8") : bytes.toString("latin1");
}

/** @returns undefined if there is nothing to decode, or no UTF-8 */
function decodePercents(text: string): string | undefined {
  if (!text.includes("%")) return undefined;
  try {
    return decodeURIComponent(text).trim();
  } catch {
    return undefined;
  }
}

/** Whether both engines can compare the name, and it is not too long for an e-mail address. */
const isStorableName = (name: string): boolean =>
  name !== "" && name.length <= nameLengthMax && !name.includes("\0") && name.isWellFormed();

/**
 * Returns the user as whom the request acts, for an API that has only users' views.
 * @throws AppError insufficient-scope; user-required; forbidden as `selectView`
 */
export function requireUser(req: Request, scopes: readonly Scope[]): User {
  assertScope(requireCaller(req), scopes);
  if (readUserNames(req) === undefined && requireCaller(req).userId === undefined) {
    throw new AppError("user-required", "Send the header x-user-email, or use a personal token.");
  }
  return requireActingUser(req);
}

function requireActingUser({ actingUser }: Request): User {
  if (actingUser) return actingUser;
  throw new AppError("forbidden", "This credential cannot act as that user.");
}

/** @returns the active user as whom the caller may act; undefined if there is none */
async function findActingUser(
  { organizationId, userId }: Caller,
  names: readonly string[] | undefined,
  users: Users,
): Promise<User | undefined> {
  const user =
    names !== undefined
      ? await users.findByUserNameOrEmail(organizationId, ...names)
      : userId === undefined
        ? undefined
        : await users.get(organizationId, userId);
  return user?.active && (userId === undefined || user.id === userId) ? user : undefined;
}
