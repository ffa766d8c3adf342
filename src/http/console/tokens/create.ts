import type { RequestHandler } from "express";
import { tokenInput } from "../../../../schemas/token.ts";
import type { Caller } from "../../../domain/caller.ts";
import { parseIdOrName } from "../../../domain/directory/id-or-name.ts";
import type { IssuedToken } from "../../../domain/tokens/tokens.ts";
import { AppError } from "../../../errors.ts";
import { parseBody } from "../../api/kernel/validation.ts";
import { toNewToken } from "../../api/resources/token-input.ts";
import { readText, toFormErrors } from "../form.ts";
import { requireVisit } from "../visit.ts";
import { sendTokenForm } from "./create-form.tsx";
import { sendIssuedToken } from "./issued.tsx";
import type { TokenPagesOptions } from "./options.ts";
import { readPreselection } from "./preselection.ts";
import { formFieldNames, readTokenForm, type TokenForm, toTokenBody } from "./token-form.ts";

/** Shows the form of a new token, with what the link to it has chosen. */
export function showTokenForm({ base, submissions }: TokenPagesOptions): RequestHandler {
  return (req, res) => {
    req.operationId = "consoleShowTokenForm";
    sendTokenForm(res, 200, { base, submissions, visit: requireVisit(req), form: readPreselection(req.query) });
  };
}

/** Creates a token, and shows its secret once. Invalid fields are shown with their errors. */
export function createToken(options: TokenPagesOptions): RequestHandler {
  const { base, submissions, publicUrl } = options;
  return async (req, res) => {
    req.operationId = "consoleCreateToken";
    const visit = requireVisit(req);
    const form = readTokenForm(req);
    await submissions.useNonce(visit.caller.organizationId, visit.sessionId, readText(req, "nonce"));
    let issued: IssuedToken;
    try {
      issued = await issue(options, visit.caller, form);
    } catch (error) {
      const errors = toFormErrors(error, formFieldNames);
      sendTokenForm(res, 400, { base, submissions, visit, form, errors });
      return;
    }
    sendIssuedToken(res, 201, issued, { base, publicUrl, visit, heading: `${issued.token.name} is created` });
  };
}

/** @throws AppError invalid-value and forbidden with the field */
async function issue({ services }: TokenPagesOptions, caller: Caller, form: TokenForm): Promise<IssuedToken> {
  if (form.expiryDate !== "" && form.expiry !== "date")
    throw new AppError("invalid-value", 'Choose "On a date" to use the last day, or clear it.', {
      field: "expiresAt",
    });
  if (form.type === "") throw new AppError("invalid-value", "Choose a type.", { field: "type" });
  const userId = form.user === "" ? undefined : await findUserId(services, caller, form.user);
  return services.tokens.issue(caller, toNewToken(parseBody(tokenInput, toTokenBody(form, userId)), "admin"));
}

/** @throws AppError invalid-value if no user has this id, user name or main e-mail address */
async function findUserId(
  { users }: TokenPagesOptions["services"],
  { organizationId }: Caller,
  name: string,
): Promise<string> {
  const idOrName = parseIdOrName(name, "usr");
  const user =
    typeof idOrName === "string"
      ? await users.get(organizationId, idOrName)
      : await users.findByUserNameOrEmail(organizationId, name);
  if (user) return user.id;
  throw new AppError("invalid-value", "No user has this user name, e-mail address or id.", { field: "userId" });
}
