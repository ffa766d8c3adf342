import { jsonSchemaDepthMax } from "../../../../../schemas/json-schema.ts";
import type { Tool } from "../../../../../schemas/mcp-server.ts";
import { AppError } from "../../../../errors.ts";
import { rejectPrototypeKeys } from "../../../server/json-body.ts";
import { assertJsonLimits } from "../../../server/json-limits.ts";
import { toFormText } from "../../form.ts";
import { type FormValues, fieldError, toCheck, toOptional } from "../form-values.ts";

/** The hints of the annotations of a tool, which are true, false or absent. */
export const hintLabels = {
  readOnlyHint: "Read-only",
  destructiveHint: "Destructive",
  idempotentHint: "Idempotent",
  openWorldHint: "Open world",
} as const;
type Hint = keyof typeof hintLabels;
const hints = Object.keys(hintLabels) as readonly Hint[];

/** The fields of the form of a tool. */
export const toolFields: readonly string[] = [
  ...["name", "title", "description", "inputSchema", "outputSchema", "risk", "enabled", "annotationTitle"],
  ...hints,
];
export const spacedToolFields = ["description", "inputSchema", "outputSchema"] as const;

/** The values of the form of a new tool. Without a risk, it is derived from the annotations. */
export const newToolValues: FormValues = { inputSchema: '{\n  "type": "object"\n}', enabled: "true" };

/** Returns the values of the form of a tool, as a browser sends them back. */
export function toToolValues(tool: Tool): FormValues {
  const { name, title, description, inputSchema, outputSchema, annotations = {}, risk, enabled } = tool;
  const hint = (value: boolean | undefined): string => (value === undefined ? "" : String(value));
  return {
    ...{ name, risk, enabled: toCheck(enabled), title: toFormText(title ?? "", false) },
    description: toFormText(description ?? "", true),
    ...{ inputSchema: toJsonText(inputSchema), outputSchema: toJsonText(outputSchema) },
    annotationTitle: toFormText(annotations.title ?? "", false),
    ...Object.fromEntries(hints.map((each) => [each, hint(annotations[each])])),
  };
}

/** Formats a JSON Schema for reading. */
export const toJsonText = (value: unknown): string => (value === undefined ? "" : JSON.stringify(value, null, 2));

/**
 * Returns the tool of a submitted form. Fields that were not changed keep their stored value.
 * @param stored the stored tool; absent for a new one
 * @throws AppError invalid-value for a schema that is not JSON
 */
export function toTool(values: FormValues, stored: Tool | undefined): Readonly<Record<string, unknown>> {
  const before = stored && toToolValues(stored);
  const isChanged = (...fields: readonly string[]): boolean =>
    fields.some((field) => values[field] !== before?.[field]);
  const changes = {
    ...{ name: values["name"], enabled: values["enabled"] === "true", risk: toOptional(values["risk"]) },
    ...(isChanged("title") && { title: toOptional(values["title"]) }),
    ...(isChanged("description") && { description: toOptional(values["description"]) }),
    ...(isChanged("inputSchema") && { inputSchema: parseSchema("inputSchema", values["inputSchema"]) }),
    ...(isChanged("outputSchema") && { outputSchema: parseSchema("outputSchema", values["outputSchema"]) }),
    ...(isChanged("annotationTitle", ...hints) && { annotations: toAnnotations(values) }),
  };
  return Object.fromEntries(Object.entries({ ...stored, ...changes }).filter(([, value]) => value !== undefined));
}

function toAnnotations(values: FormValues): Readonly<Record<string, unknown>> | undefined {
  const entries = [
    ...(values["annotationTitle"] ? [["title", values["annotationTitle"]] as const] : []),
    ...hints.flatMap((hint) => (values[hint] ? [[hint, values[hint] === "true"] as const] : [])),
  ];
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** As in bodies of the API: deeper than a schema may be, so that the validation can name the field. */
const limits = { depthMax: 2 * jsonSchemaDepthMax, distinctKeysMax: 20_000 };

/** @throws AppError invalid-value with the position of what is not JSON */
function parseSchema(field: string, text = ""): unknown {
  if (text.trim() === "") return undefined;
  try {
    assertJsonLimits(Buffer.from(text), limits);
    const value: unknown = JSON.parse(text);
    rejectPrototypeKeys(value, [], true);
    return value;
  } catch (error) {
    if (error instanceof AppError) throw fieldError(field, error.message);
    throw fieldError(field, `${field} is not valid JSON${findPosition(text, error)}.`);
  }
}

/** Returns where JSON is invalid, as the parser reports it. */
function findPosition(text: string, error: unknown): string {
  const position = /at position (\d+)/.exec(String(error))?.[1];
  if (position === undefined) return ": it ends too early or is empty";
  const before = text.slice(0, Number(position)).split("\n");
  return `: line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
