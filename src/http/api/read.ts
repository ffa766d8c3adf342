import { z } from "zod";
import { AppError } from "../../errors.ts";

/**
 * Prepares the reading of a query's parameters as their schema has them; numbers and truth values are read from their
 * texts. Once for each operation: a schema is compiled when it is first used.
 * @returns a reader, which throws AppError invalid-value naming each parameter that is wrong or unknown
 */
export function queryReader<T extends z.ZodObject>(
  schema: T,
): (query: Readonly<Record<string, unknown>>) => z.output<T> {
  const strict = schema.strict();
  return (query) => {
    const given = Object.entries(query).map(([name, value]) => {
      if (Array.isArray(value)) throw wrongFields([{ path: [name], message: "is there twice" }]);
      return [name, typeof value === "string" ? meant(value, schema.shape[name]) : value];
    });
    return parsed(strict, Object.fromEntries(given)) as z.output<T>;
  };
}

/** @throws AppError invalid-value with the JSON pointer of each field that is wrong */
export function readBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  if (body === undefined) throw new AppError("invalid-request", "The request needs a JSON body.");
  return parsed(schema, body);
}

function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const read = schema.safeParse(value, { error: worded });
  if (read.success) return read.data;
  throw wrongFields(read.error.issues);
}

/** More than anybody mends at once. */
const toldMax = 20;

type Issue = Pick<z.core.$ZodIssue, "message" | "path"> & { readonly keys?: readonly string[] };

function wrongFields(issues: readonly Issue[]): AppError {
  const errors = issues
    .slice(0, toldMax)
    .flatMap(({ path, message, keys }) =>
      keys === undefined
        ? [errorAt(path, message)]
        : keys.slice(0, toldMax).map((key) => errorAt([...path, key], "is not known here")),
    );
  return new AppError("invalid-value", errors[0]?.detail ?? "The request is wrong.", { errors });
}

/** What a schema has no words of its own for, so that it follows the field's name. */
function worded(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is needed";
      return `must be ${typeNames[issue.expected] ?? `of type ${issue.expected}`}`;
    case "invalid_value":
      return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `must ${measured[issue.origin] ?? "be"} ${issue.minimum} or more${unitOf(issue.origin)}`;
    case "too_big":
      return `must ${measured[issue.origin] ?? "be"} ${issue.maximum} or fewer${unitOf(issue.origin)}`;
    case "invalid_format":
      return issue.format === "datetime"
        ? "must be a time such as 2026-01-31T08:00:00.000Z"
        : `must be a ${issue.format}`;
    case "invalid_union":
      return issue["note"] === "No matching discriminator"
        ? `must be one of ${(issue["options"] as string[]).join(", ")}`
        : "has none of the known forms";
    default:
      return "is wrong";
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};
const measured: Readonly<Record<string, string>> = { string: "have", array: "have" };
const unitOf = (origin: string): string =>
  (({ string: " characters", array: " elements" }) as Record<string, string>)[origin] ?? "";

function errorAt(path: readonly PropertyKey[], message: string): { pointer: string; detail: string } {
  const parts = path.map((part) => String(part).slice(0, 100));
  return {
    pointer: parts.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join(""),
    detail: `${parts.join(".") || "The body"} ${message}.`,
  };
}

function meant(text: string, schema: unknown): unknown {
  const inner = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? schema.unwrap() : schema;
  if (inner instanceof z.ZodNumber) return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (inner instanceof z.ZodBoolean) return text === "true" || (text === "false" ? false : text);
  return text;
}
