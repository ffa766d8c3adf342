import { callerSchema } from "../../../schemas/caller.ts";
import type { Asked, Operation } from "../operation.ts";

const handle = async ({ caller }: Asked<unknown>) => {
  const { organizationId, actor, scopes, userId } = caller;
  const body = { organizationId, actor, scopes: [...scopes].sort(), ...(userId !== undefined && { userId }) };
  return { status: 200, body } as const;
};

export const whoami: Operation = {
  operationId: "whoami",
  method: "get",
  path: "/whoami",
  tag: "Caller",
  summary: "Which organization, token and scopes the credential stands for",
  organization: { scopes: [], answers: { 200: callerSchema }, handle },
  user: { scopes: [], answers: { 200: callerSchema }, handle },
};
