import { callerSchema } from "../../../schemas/caller.ts";
import type { Operation } from "../operation.ts";
import { callerOf } from "../request.ts";

/** The whole of `/api`, as one list. As yet the caller may ask who it is. */
export const operations: readonly Operation[] = [
  {
    operationId: "whoami",
    method: "get",
    path: "/whoami",
    summary: "Which organization, token and scopes the credential stands for",
    scopes: [],
    answer: callerSchema,
    handle: (req) => {
      const { organizationId, actor, scopes, userId } = callerOf(req);
      return { organizationId, actor, scopes: [...scopes].sort(), ...(userId !== undefined && { userId }) };
    },
  },
];
