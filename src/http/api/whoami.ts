import { callerSchema } from "../../../schemas/caller.ts";
import type { User } from "../../../schemas/user.ts";
import type { Caller } from "../../domain/caller.ts";
import type { Asked, Operation } from "../operation.ts";

const handle = async ({ caller, user }: Asked<User | undefined>) => {
  const { organizationId, actor, scopes } = caller;
  const body = {
    ...{ organizationId, actor, scopes: [...scopes].sort() },
    ...tokenOf(caller),
    ...(user && { userId: user.id }),
  };
  return { status: 200, body } as const;
};

export const whoami: Operation = {
  operationId: "whoami",
  method: "get",
  path: "/whoami",
  tag: "Caller",
  summary: "Which organization, token and scopes the credential stands for",
  organization: { scopes: [], answers: { 200: callerSchema }, handle },
  user: { scopes: ["connect:read"], answers: { 200: callerSchema }, handle },
};

function tokenOf({ actor: { id, name }, token, restriction }: Caller): object {
  if (!token) return {};
  const { type, expiresAt = null, allowedIps = [] } = token;
  return { token: { id, name, type, expiresAt, allowedIps, ...restriction } };
}
