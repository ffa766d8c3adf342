import { createHash } from "node:crypto";
import type { Request, RequestHandler, Response, Router } from "express";
import { z } from "zod";
import { expectedVersion, notModifiedSince, strongEtagOf } from "../etag.ts";
import { byMethod } from "../methods.ts";
import type { Answer, Asked, Operation, View } from "../operation.ts";
import { callerOf } from "../request.ts";
import { linesType, sendJson, sendPieces } from "../send.ts";
import { queryReader, readBody } from "./read.ts";
import type { Rooms } from "./rooms.ts";
import { chooseView } from "./view.ts";

/** Puts operations on a router: who may, what is sent, the operation, the answer. Methods that no operation has are 405. */
export function mount(router: Router, operations: readonly Operation[], rooms: Rooms, base: string): void {
  const guarded = operations.filter((each) => !each.anyone);
  for (const path of new Set(guarded.map((each) => each.path))) {
    const here = guarded.filter((each) => each.path === path);
    const methods = here.map((each) => [each.method.toUpperCase(), answering(each, rooms, base)]);
    router.all(path.replaceAll(/\{(\w+)\}/g, ":$1"), byMethod(Object.fromEntries(methods)));
  }
}

/**
 * Puts the operations for everybody on a router, before anybody is asked for a credential.
 * @param before what each request passes first: how often, and its body
 */
export function mountOpen(
  router: Router,
  operations: readonly Operation[],
  rooms: Rooms,
  base: string,
  before: readonly RequestHandler[],
): void {
  for (const { method, path, anyone, query, body } of operations) {
    if (!anyone) continue;
    const readQuery = queryReader(query ?? noParameters);
    const answer = async (req: Request, res: Response): Promise<void> => {
      readQuery(req.query);
      const asked = { ip: req.address, requestId: req.requestId, body: body && readBody(body, req.body) };
      await respond(req, res, await anyone.handle(asked, rooms), false, base);
    };
    router.all(path, ...before, byMethod({ [method.toUpperCase()]: answer }));
  }
}

function answering(operation: Operation, rooms: Rooms, base: string) {
  const readQuery = queryReader(operation.query ?? noParameters);
  return async (req: Request, res: Response): Promise<void> => {
    const chosen = await chooseView(req, operation, rooms);
    const asked: Asked = {
      caller: callerOf(req),
      user: undefined,
      parameter: (name) => String(req.params[name]),
      query: readQuery(req.query),
      body: operation.body && readBody(operation.body, req.body ?? (operation.isBodyOptional ? {} : undefined)),
      outsideToken: req.outsideToken,
      expected: operation.isVersioned ? expectedVersion(req) : {},
    };
    const answer =
      "user" in chosen
        ? await chosen.view.handle({ ...asked, user: chosen.user }, rooms)
        : await (chosen.view satisfies View).handle(asked, rooms);
    await respond(req, res, answer, "user" in chosen, base);
  };
}

const noParameters = z.object({});

async function respond(req: Request, res: Response, answer: Answer, isOfUser: boolean, base: string): Promise<void> {
  const { status, body, lines, version, location, saysMore = isOfUser } = answer;
  if (location !== undefined) res.setHeader("Location", base + location);
  if (version !== undefined) {
    // What a user sees of a version depends on what the user may see.
    const etag = strongEtagOf(version, saysMore ? digestOf(body) : undefined);
    res.setHeader("ETag", etag);
    if (req.method === "GET" || req.method === "HEAD") {
      if (notModifiedSince(req, etag)) return void res.status(304).end();
    }
  }
  if (lines) return sendPieces(res, status, linesType, texts(lines));
  if (body === undefined) return void res.status(status).end();
  sendJson(res, status, "application/json", body);
}

async function* texts(lines: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}

const digestOf = (body: unknown): string =>
  createHash("sha256").update(JSON.stringify(body)).digest("base64url").slice(0, 12);
