import type { RequestHandler } from "express";
import { tokenInput } from "../../../../schemas/token.ts";
import type { Caller } from "../../../domain/caller.ts";
import type { IssuedToken } from "../../../domain/tokens/idempotency/run-once.ts";
import { AppError } from "../../../errors.ts";
import { parseBody } from "../../api/kernel/validation.ts";
import { toNewToken } from "../../api/resources/token-input.ts";
import { readText, toFormErrors } from "../form.ts";
import { requireUserByText } from "../users/find-user.ts";
import { requireVisit } from "../visit.ts";
import { sendTokenForm } from "./create-form.tsx";
import { sendIssuedToken } from "./issued.tsx";
import { type TokenPagesOptions, toListUrl, toOwner } from "./options.ts";
import { readPreselection } from "./preselection.ts";
import { formFieldNames, readTokenForm, type TokenForm, toTokenBody } from "./token-form.ts";

/** Shows the form of a new token, with what the link to it has chosen. */
export function showTokenForm(options: TokenPagesOptions): RequestHandler {
  return (req, res) => {
    req.operationId = "consoleShowTokenForm";
    sendTokenForm(res, 200, { options, visit: requireVisit(req), form: readPreselection(req.query) });
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
      sendTokenForm(res, 400, { options, visit, form, errors });
      return;
    }
    const heading = `${issued.token.name} is created`;
    sendIssuedToken(res, 201, issued, { base, listUrl: toListUrl(options), publicUrl, visit, heading });
  };
}

/** @throws AppError invalid-value and forbidden with the field */
async function issue(options: TokenPagesOptions, caller: Caller, form: TokenForm): Promise<IssuedToken> {
  const { services } = options;
  const owner = toOwner(options, caller);
  if (form.expiryDate !== "" && form.expiry !== "date")
    throw new AppError("invalid-value", 'Choose "On a date" to use the last day, or clear it.', {
      field: "expiresAt",
    });
  if (form.type === "") throw new AppError("invalid-value", "Choose a type.", { field: "type" });
  const userId =
    owner.userId ??
    (form.user === "" ? undefined : (await requireUserByText(services, caller, form.user, "userId")).id);
  return services.tokens.issue(caller, toNewToken(parseBody(tokenInput, toTokenBody(form, userId)), "admin"));
}
