import { callerSchema } from "../../../../schemas/caller.ts";
import type { User } from "../../../../schemas/user.ts";
import type { Caller } from "../../../domain/caller.ts";
import type { Operation, RequestContext } from "../kernel/operation.ts";

const handle = async ({ caller, user }: RequestContext<User | undefined>) => {
  const { organizationId, actor, scopes } = caller;
  const body = {
    ...{ organizationId, actor, scopes: [...scopes].sort() },
    ...renderCallerToken(caller),
    ...(user && { userId: user.id }),
  };
  return { status: 200, body } as const;
};

/** The operation that returns the caller. */
export const whoami: Operation = {
  operationId: "whoami",
  method: "get",
  path: "/whoami",
  tag: "Caller",
  summary: "Get the caller",
  description: "Returns the organization, token and scopes of the credential, and the user whom it acts as.",
  organization: { scopes: [], responses: { 200: callerSchema }, handle },
  user: { scopes: ["connect:read"], responses: { 200: callerSchema }, handle },
};

function renderCallerToken({ actor: { id, name }, token, restriction }: Caller): object {
  if (!token) return {};
  const { type, expiresAt = null, allowedIps = [] } = token;
  return { token: { id, name, type, expiresAt, allowedIps, ...restriction } };
}
