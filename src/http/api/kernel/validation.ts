import { z } from "zod";
import { slug } from "../../../../schemas/text.ts";
import { AppError } from "../../../errors.ts";

/**
 * Creates a parser for the query parameters of one operation. It converts strings to numbers and booleans as the schema
 * requires. Create it once per operation, because zod compiles a schema on its first use.
 * @returns a parser, which throws AppError invalid-value with each parameter that is invalid or unknown
 */
export function createQueryParser<T extends z.ZodObject>(
  schema: T,
): (query: Readonly<Record<string, unknown>>) => z.output<T> {
  const strictSchema = schema.strict();
  return (query) => {
    const entries = Object.entries(query).map(([name, value]) => {
      if (isListParameter(schema.shape[name])) return [name, typeof value === "string" ? [value] : value];
      if (Array.isArray(value)) throw invalidFieldsError([{ path: [name], message: "appears more than once" }]);
      return [name, typeof value === "string" ? coerceParameter(value, schema.shape[name]) : value];
    });
    return parseWith(strictSchema, Object.fromEntries(entries)) as z.output<T>;
  };
}

/**
 * Validates a JSON body.
 * @throws AppError invalid-request if there is none; invalid-value with the JSON pointer of each invalid field
 */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  if (body === undefined) throw new AppError("invalid-request", "The request requires a JSON body.");
  return parseWith(schema, body);
}

/**
 * Checks the slug in the path of a PUT, and that a slug in the body is the same.
 * @throws AppError invalid-value
 */
export function assertPathSlug(pathSlug: string, bodySlug = pathSlug): void {
  const { error } = slug.safeParse(pathSlug);
  if (error)
    throw new AppError("invalid-value", `The slug in the path ${error.issues[0]?.message}.`, { field: "slug" });
  if (bodySlug !== pathSlug)
    throw new AppError("invalid-value", "slug must equal the slug in the path.", { field: "slug" });
}

function parseWith<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value, { error: formatIssue });
  if (result.success) return result.data;
  throw invalidFieldsError(result.error.issues);
}

/** Bounds the size of an error response. */
const reportedErrorsMax = 20;

type ValidationIssue = Pick<z.core.$ZodIssue, "message" | "path"> & { readonly keys?: readonly string[] };

function invalidFieldsError(issues: readonly ValidationIssue[]): AppError {
  const errors = issues
    .slice(0, reportedErrorsMax)
    .flatMap(({ path, message, keys }) =>
      keys === undefined
        ? [toFieldError(path, message)]
        : keys.slice(0, reportedErrorsMax).map((key) => toFieldError([...path, key], "is not recognized")),
    );
  return new AppError("invalid-value", errors[0]?.detail ?? "The request is invalid.", { errors });
}

/** The message of an issue for which the schema has none. It follows the field's name. */
function formatIssue(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is required";
      return `must be ${typeNames[issue.expected] ?? `of type ${issue.expected}`}`;
    case "invalid_value":
      return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `must ${sizeVerbs[issue.origin] ?? "be"} ${issue.minimum} or more${sizeUnit(issue.origin)}`;
    case "too_big":
      return `must ${sizeVerbs[issue.origin] ?? "be"} ${issue.maximum} or fewer${sizeUnit(issue.origin)}`;
    case "invalid_format":
      return issue.format === "datetime"
        ? "must be a time such as 2026-01-31T08:00:00.000Z"
        : `must be a ${issue.format}`;
    case "invalid_union":
      return issue["note"] === "No matching discriminator"
        ? `must be one of ${(issue["options"] as string[]).join(", ")}`
        : "does not match any of the allowed types";
    default:
      return "is invalid";
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "an integer",
  boolean: "true or false",
  array: "an array",
  object: "an object",
  record: "an object",
};
const sizeVerbs: Readonly<Record<string, string>> = { string: "have", array: "have" };
const sizeUnit = (type: string): string =>
  (({ string: " characters", array: " elements" }) as Record<string, string>)[type] ?? "";

function toFieldError(path: readonly PropertyKey[], message: string): { pointer: string; detail: string } {
  const segments = path.map((segment) => String(segment).slice(0, 100));
  return {
    pointer: segments.map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`).join(""),
    detail: `${segments.join(".") || "The body"} ${message}.`,
  };
}

/** Whether a query parameter can appear more than once. */
const isListParameter = (schema: unknown): boolean =>
  (schema instanceof z.ZodOptional ? schema.unwrap() : schema) instanceof z.ZodArray;

function coerceParameter(value: string, schema: unknown): unknown {
  const unwrapped = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? schema.unwrap() : schema;
  if (unwrapped instanceof z.ZodNumber) return /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (unwrapped instanceof z.ZodBoolean) return value === "true" || (value === "false" ? false : value);
  return value;
}
