import { z } from "zod";
import type { AccessHypothesis } from "../../../domain/access/hypothesis.ts";
import { parseIdOrName } from "../../../domain/directory/id-or-name.ts";
import { AppError } from "../../../errors.ts";
import type { Services } from "../kernel/services.ts";

/** The parameters of what is assumed and not written. */
export const hypothesisParameters = {
  memberOf: z
    .string()
    .max(1024)
    .optional()
    .describe("The id or displayName of a group. The result is what it would be if the user was a member of it."),
  withoutPolicy: z
    .string()
    .max(100)
    .optional()
    .describe("The id or slug of a policy. The result is what it would be if the policy was disabled."),
};

/**
 * Looks up what the parameters name.
 * @throws AppError invalid-value naming the parameter of a group or policy that does not exist
 */
export async function readHypothesis(
  { groups, policies }: Pick<Services, "groups" | "policies">,
  organizationId: string,
  { memberOf, withoutPolicy }: z.output<z.ZodObject<typeof hypothesisParameters>>,
): Promise<Omit<AccessHypothesis, "assigned">> {
  const group = memberOf === undefined ? undefined : await groups.get(organizationId, parseIdOrName(memberOf, "grp"));
  if (memberOf !== undefined && !group) throw unknown("memberOf", "no group has this name or id");
  const policy = withoutPolicy === undefined ? undefined : await policies.get(organizationId, withoutPolicy);
  if (withoutPolicy !== undefined && !policy) throw unknown("withoutPolicy", "no policy has this slug or id");
  return { ...(group && { groupIds: [group.id] }), ...(policy && { disabledPolicyIds: [policy.id] }) };
}

const unknown = (field: string, reason: string): AppError =>
  new AppError("invalid-value", `${field}: ${reason}.`, { field });
