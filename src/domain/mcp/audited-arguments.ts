import { redactText } from "../../log.ts";
import type { McpObject } from "../upstream/upstream-calls.ts";

/** What the audit log records of the arguments of a call: nothing, their names, or their values without secrets. */
export const argumentAudits = ["none", "keys", "full"] as const;
export type ArgumentAudit = (typeof argumentAudits)[number];

/** Returns what the audit log records of the arguments of a call. */
export function toAuditedArguments(values: McpObject, audit: ArgumentAudit): unknown {
  if (audit === "none") return undefined;
  if (audit === "keys") return Object.keys(values).slice(0, keysMax).map(redactText);
  return mask(values, 0);
}

const keysMax = 100;
const depthMax = 6;
const masked = "[masked]";
const secretNamePattern = /passw|secret|token|credential|api[-_]?key|authorization|cookie|private[-_]?key|session/i;

/** A name that both engines store. Names of the prototype are written in another form. */
const toStoredName = (name: string): string =>
  prototypeNames.has(name) ? `[${name}]` : redactText(name).replaceAll(/[.$]/g, "_");

const prototypeNames = new Set(["__proto__", "constructor", "prototype"]);

function mask(value: unknown, depth: number): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === depthMax) return "[deep]";
  if (Array.isArray(value)) return value.slice(0, keysMax).map((each) => mask(each, depth + 1));
  const entries = Object.entries(value).slice(0, keysMax);
  return Object.fromEntries(
    entries.map(([name, each]) => [toStoredName(name), secretNamePattern.test(name) ? masked : mask(each, depth + 1)]),
  );
}
