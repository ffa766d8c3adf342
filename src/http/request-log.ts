import type { RequestHandler } from "express";
import type { RequestLog } from "../domain/audit/request-log.ts";
import { redactText } from "../log.ts";

/**
 * Notes the requests of a door when they have been answered, for the person who asks why provisioning failed.
 * @param which all of them, or only those that were refused
 */
export function logRequests(requests: RequestLog, which: "all" | "refused"): RequestHandler {
  return (req, res, next) => {
    const startedAt = performance.now();
    res.once("close", () => {
      const detail: unknown = res.locals["refusal"];
      if (which === "refused" && detail === undefined) return;
      const body: unknown = req.body;
      requests.note({
        ...(req.user && { organizationId: req.user.organizationId, actor: req.user.actor }),
        method: req.method,
        path: maskTexts(redactText(req.originalUrl)).slice(0, pathMax),
        status: res.statusCode,
        ...(typeof detail === "string" && { detail: redactText(detail) }),
        ip: req.address,
        requestId: req.requestId,
        durationMs: Math.round((performance.now() - startedAt) * 1000) / 1000,
        ...(body !== undefined && { body: masked(body) }),
      });
    });
    next();
  };
}

const pathMax = 2000;
const elementsMax = 20;
const depthMax = 5;

/** What says how a request was meant, without saying anything about a person. */
const plainKeys = new Set(["schemas", "op", "path", "type", "primary", "active"]);

function masked(value: unknown, key = "", depth = 0): unknown {
  if (typeof value === "string") return plainKeys.has(key.toLowerCase()) ? maskTexts(value).slice(0, pathMax) : "***";
  if (typeof value === "number") return "***";
  if (typeof value !== "object" || value === null) return value;
  if (depth >= depthMax) return "...";
  if (Array.isArray(value)) {
    const shown = value.slice(0, elementsMax).map((each) => masked(each, key, depth + 1));
    return value.length > elementsMax ? [...shown, `${value.length - elementsMax} more`] : shown;
  }
  const entries = Object.entries(value).slice(0, elementsMax);
  return Object.fromEntries(
    entries.map(([name, each]) => [maskTexts(name).slice(0, 100), masked(each, name, depth + 1)]),
  );
}

/** The quoted values of a filter, plain or percent-encoded. */
function maskTexts(text: string): string {
  return text.replace(/"[^"]*"?|%22.*?(?:%22|$)/gis, '"***"');
}
