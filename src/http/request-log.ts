import type { RequestHandler } from "express";
import type { LoggedRequest, RequestLog } from "../domain/audit/request-log.ts";
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
      // A form is not what any operation takes; what stands in one may be anything.
      const body: unknown = req.is(["json", "+json"]) ? req.body : undefined;
      const entry: LoggedRequest = {
        method: req.method,
        path: pathOf(req.originalUrl),
        status: res.statusCode,
        ip: req.address,
        requestId: req.requestId,
        durationMs: Math.round((performance.now() - startedAt) * 1000) / 1000,
      };
      if (req.user) Object.assign(entry, { organizationId: req.user.organizationId, actor: req.user.actor });
      if (typeof detail === "string") Object.assign(entry, { detail: plain(detail) });
      if (body !== undefined) Object.assign(entry, { body: masked(body) });
      requests.note(entry);
    });
    next();
  };
}

const textMax = 2000;
const elementsMax = 20;
const depthMax = 5;
/** Values of one body; a body of millions is as well understood by its beginning. */
const valuesMax = 200;

/** What says how a request was meant, without saying anything about a person. */
const plainKeys = new Set(["schemas", "path", "type"]);
/** Where these are expected, they and nothing else are shown. */
const plainWords = /^(add|remove|replace|true|false)$/i;
const wordKeys = new Set(["op", "primary", "active"]);
const plainParameters = /^(filter|startIndex|count|sortBy|sortOrder|attributes|excludedAttributes)$/i;
/** An attribute's name or a URN; anything else may be a value that was put where a name belongs. */
const plainName = /^(urn:[\w:.-]{1,100}|[a-z$]{1,40})$/i;

function masked(value: unknown, key = "", depth = 0, budget = { left: valuesMax }): unknown {
  if (budget.left-- <= 0) return "...";
  if (typeof value === "string") {
    const isWord = wordKeys.has(key.toLowerCase()) && plainWords.test(value);
    return isWord || plainKeys.has(key.toLowerCase()) ? plain(value) : "***";
  }
  if (typeof value === "number") return "***";
  if (typeof value !== "object" || value === null) return value;
  if (depth >= depthMax) return "...";
  if (Array.isArray(value)) {
    const shown = value.slice(0, elementsMax).map((each) => masked(each, key, depth + 1, budget));
    return value.length > elementsMax ? [...shown, `${value.length - elementsMax} more`] : shown;
  }
  const entries = Object.entries(value).slice(0, elementsMax);
  return Object.fromEntries(
    entries.map(([name, each], at) => [
      plainName.test(name) ? redactText(name) : `*** ${at + 1}`,
      masked(each, name, depth + 1, budget),
    ]),
  );
}

/** The values of parameters that nobody knows may be anything, a credential above all. */
function pathOf(url: string): string {
  const [path = "", query] = url.slice(0, textMax).split(/\?(.*)/s);
  if (query === undefined) return plain(path);
  const parameters = query.split("&").map((parameter) => {
    const [name = "", value] = parameter.split(/=(.*)/s);
    if (value === undefined) return plainName.test(name) ? name : "***";
    return plainParameters.test(name) ? parameter : `${plainName.test(name) ? name : "***"}=***`;
  });
  return plain(`${path}?${parameters.join("&")}`);
}

/** A text as it may be kept: short, without credentials and quoted values, and whole characters only. */
function plain(text: string): string {
  return redactText(maskTexts(text.slice(0, textMax)))
    .replaceAll("\0", "")
    .toWellFormed();
}

/** The values of a filter, plain or percent-encoded: quoted ones to their true end, and what stands for one unquoted. */
function maskTexts(text: string): string {
  return text.replace(quoted, '"***"').replace(unquoted, "$1***");
}

const quoted = /(?:"|%22)(?:(?:\\|%5C)(?:%..|.)|(?!"|%22).)*(?:"|%22|$)/gis;
const unquoted =
  /((?:^|\s|\+|%20)(?:eq|ne|co|sw|ew|gt|ge|lt|le)(?:\s|\+|%20)+)(?!"|(?:true|false|null)\b)(?:(?!%20)[^\s+&)\]])+/gi;
