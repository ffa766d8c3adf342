import type { Request, Response, Router } from "express";
import type { z } from "zod";
import type { Scope } from "../../schemas/token.ts";
import { assertScope } from "./authenticate.ts";
import { byMethod } from "./methods.ts";
import { callerOf } from "./request.ts";
import { sendJson } from "./send.ts";

/** One operation of the API as a value: its route, its authorisation and its place in openapi.yaml come from here. */
export interface Operation<Answer = unknown> {
  readonly operationId: string;
  readonly method: "get";
  /** Below the door, as Express and OpenAPI both write it without parameters. */
  readonly path: string;
  readonly summary: string;
  /** Any of these opens it; none: every valid credential does. */
  readonly scopes: readonly Scope[];
  readonly answer: z.ZodType<Answer>;
  readonly handle: (req: Request) => Answer | Promise<Answer>;
}

/** Puts operations on a router: methods that no operation has are 405. */
export function mount(router: Router, operations: readonly Operation[]): void {
  for (const path of new Set(operations.map((each) => each.path))) {
    const here = operations.filter((each) => each.path === path);
    router.all(path, byMethod(Object.fromEntries(here.map((each) => [each.method.toUpperCase(), answering(each)]))));
  }
}

const answering =
  ({ scopes, handle }: Operation) =>
  async (req: Request, res: Response): Promise<void> => {
    if (scopes.length > 0) assertScope(callerOf(req), scopes);
    sendJson(res, 200, "application/json", await handle(req));
  };
