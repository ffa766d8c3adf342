import type { Request, RequestHandler } from "express";
import type { MembershipChange } from "../../../../schemas/user.ts";
import type { Caller } from "../../../domain/caller.ts";
import { parseIdOrName } from "../../../domain/directory/id-or-name.ts";
import { AppError, hasErrorCode } from "../../../errors.ts";
import { FormErrors, readText, toFormErrors } from "../form.ts";
import type { PageOptions } from "../options.ts";
import { redirect } from "../page.tsx";
import { requireUserByText } from "../users/find-user.ts";
import { requireVisit } from "../visit.ts";
import { sendGroup } from "./detail.tsx";
import type { MemberForm } from "./members.tsx";
import { requireGroupInPath } from "./require-group.ts";

/** Adds a member. What cannot be added is shown at the field; a group of the identity provider is changed there. */
export function addMember(options: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleAddGroupMember";
    const { caller } = requireVisit(req);
    const group = await requireGroupInPath(req, options);
    const form: MemberForm = { type: readText(req, "type"), member: readText(req, "member") };
    try {
      const memberId = await findMemberId(options, caller, form);
      await updateMembers(options, caller, group.id, { add: [memberId] });
    } catch (error) {
      // The domain names the field of the API, which has several members.
      const errors = hasErrorCode(error, "invalid-value")
        ? new FormErrors(new Map([["member", [error.message]]]))
        : toFormErrors(error);
      await sendGroup(req, res, 400, options, group, { form, errors });
      return;
    }
    redirect(res, `${options.base}/groups/${group.id}`);
  };
}

/** Removes a direct member. A member that was removed meanwhile is no error. */
export function removeMember(options: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleRemoveGroupMember";
    const { caller } = requireVisit(req);
    const { id } = await requireGroupInPath(req, options);
    await updateMembers(options, caller, id, { remove: [readMemberId(req)] });
    redirect(res, `${options.base}/groups/${id}`);
  };
}

async function updateMembers(
  { services }: PageOptions,
  caller: Caller,
  groupId: string,
  change: MembershipChange,
): Promise<void> {
  await services.groups.update(caller, groupId, undefined, { members: [change] });
}

/** @throws AppError invalid-value */
async function findMemberId({ services }: PageOptions, caller: Caller, { type, member }: MemberForm): Promise<string> {
  if (type !== "group") return (await requireUserByText(services, caller, member, "member")).id;
  const group = await services.groups.get(caller.organizationId, parseIdOrName(member, "grp"));
  if (group) return group.id;
  throw new AppError("invalid-value", "No group has this name or id.", { field: "member" });
}

/** @throws AppError not-found */
function readMemberId({ params }: Request): string {
  const { memberId } = params;
  if (typeof memberId === "string" && /^(?:usr|grp)_[0-9A-HJKMNP-TV-Z]{26}$/.test(memberId)) return memberId;
  throw new AppError("not-found", "The member was not found.");
}
