import type { Request, Router } from "express";
import type { z } from "zod";
import type { Scope } from "../../schemas/token.ts";
import { AppError } from "../errors.ts";
import { assertScope } from "./authenticate.ts";
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
    const allow = here.flatMap(({ method }) => (method === "get" ? ["GET", "HEAD"] : [method]));
    router.all(path, async (req, res) => {
      const method = req.method === "HEAD" ? "get" : req.method.toLowerCase();
      const operation = here.find((each) => each.method === method);
      if (!operation) throw new AppError("method-not-allowed", `${req.method} is not for this resource.`, { allow });
      const { scopes } = operation;
      if (scopes.length > 0) assertScope(callerOf(req), scopes);
      const answer = await operation.handle(req);
      sendJson(res, 200, "application/json", answer);
    });
  }
}
