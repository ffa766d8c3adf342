import { z } from "zod";
import { integer, readableFile } from "./values.ts";

/** How traces are sent. The OpenTelemetry SDK reads the other variables itself. */
export interface TraceConfig {
  readonly protocol: (typeof protocols)[number];
  /** Whether the `traceparent` header of requests is read, and that of MCP servers and webhooks is set. */
  readonly propagates: boolean;
}

type Values = Readonly<Record<string, string | undefined>>;

const protocols = ["http/protobuf", "http/json"] as const;
const samplers = [
  ...["always_on", "always_off", "traceidratio"],
  ...["parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"],
];
const propagators = ["tracecontext", "baggage", "none"];

const url = z
  .string()
  .refine(
    isCollectorUrl,
    "is not an http or https URL without credentials. Set it to the URL of an OTLP receiver, for example http://127.0.0.1:4318.",
  )
  .optional();
const protocol = z
  .enum(
    protocols,
    `is not one of ${protocols.join(", ")}. Set it to one of them, and the endpoint to the HTTP port of the receiver, which is usually 4318.`,
  )
  .optional();
const headers = z
  .string()
  .refine(
    (text) => isPairList(text, /^[\w!#$%&'*+.^`|~-]+=/),
    "is not a list of NAME=VALUE, separated by commas, with percent-encoded values. Set it to headers such as api-key=value.",
  )
  .optional();
const number = (fix: string) => integer(1, 999_999_999, fix).optional();
const milliseconds = number("a number of milliseconds, for example 10000");
const spans = number("a number of spans, for example 512");
const compression = z.enum(["gzip", "none"], "is neither gzip nor none. Set it to one of them.").optional();
const choice = (values: readonly string[]) =>
  z
    .string()
    .refine((text) => values.includes(text), `is not one of ${values.join(", ")}. Set it to one of them.`)
    .optional();

/** The variables that decide whether traces are on. */
const switches = ["OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"] as const;

/** The values that the service or the SDK reads if traces are on, so that none of them is silently ignored. */
const schema = z.object({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol,
  OTEL_EXPORTER_OTLP_HEADERS: headers,
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: headers,
  OTEL_EXPORTER_OTLP_TIMEOUT: milliseconds,
  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: milliseconds,
  OTEL_EXPORTER_OTLP_COMPRESSION: compression,
  OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: compression,
  OTEL_EXPORTER_OTLP_CERTIFICATE: readableFile("certificate"),
  OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: readableFile("certificate"),
  OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: readableFile("certificate"),
  OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: readableFile("certificate"),
  OTEL_EXPORTER_OTLP_CLIENT_KEY: readableFile("key"),
  OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: readableFile("key"),
  OTEL_RESOURCE_ATTRIBUTES: z
    .string()
    .refine(
      (text) => isPairList(text, /^[^=]+=[^=]*$/),
      "is not a list of NAME=VALUE, separated by commas, in which other commas and = are percent-encoded. Set it to attributes such as deployment.environment.name=production.",
    )
    .optional(),
  OTEL_TRACES_SAMPLER: choice(samplers),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .refine(
      (text) => /^(0?\.\d{1,15}|0|1(\.0{1,15})?)$/.test(text),
      "is not a number from 0 to 1. Set it to the part of the traces to record, for example 0.1.",
    )
    .optional(),
  OTEL_PROPAGATORS: z
    .string()
    .refine(
      (text) => toNames(text).every((name) => propagators.includes(name)),
      `is not a list of ${propagators.join(", ")}. Set it to tracecontext, or to none.`,
    )
    .optional(),
  OTEL_BSP_SCHEDULE_DELAY: milliseconds,
  OTEL_BSP_EXPORT_TIMEOUT: milliseconds,
  OTEL_BSP_MAX_QUEUE_SIZE: spans,
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: spans,
});

/** The variables that are read, and checked if traces are on. */
export const traceVariables: readonly string[] = [...switches, ...Object.keys(schema.shape)];

/**
 * Reads the standard variables of OpenTelemetry that concern traces.
 * @returns the settings of traces, undefined if there are none; and the invalid variables, each with the problem and the
 *   fix, and never with its value. Only the variables that decide it are checked if traces are off.
 */
export function readTraceConfig(environment: Values): {
  readonly traces: TraceConfig | undefined;
  readonly errors: readonly string[];
} {
  const values: Values = Object.fromEntries(
    traceVariables.map((name) => [name, environment[name]?.trim() || undefined]),
  );
  const isDisabled = values["OTEL_SDK_DISABLED"]?.toLowerCase() ?? "false";
  const exporter = values["OTEL_TRACES_EXPORTER"];
  const endpoint = values["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] ?? values["OTEL_EXPORTER_OTLP_ENDPOINT"];
  if (isDisabled === "true" || exporter === "none") return { traces: undefined, errors: [] };
  const errors = [
    ...(isDisabled === "false" ? [] : ["OTEL_SDK_DISABLED is neither true nor false. Set it to one of them."]),
    ...(exporter === undefined || exporter === "otlp"
      ? []
      : ["OTEL_TRACES_EXPORTER is neither otlp nor none. Set it to otlp to send traces, or to none."]),
  ];
  if (exporter === undefined && endpoint === undefined) return { traces: undefined, errors };
  const parsed = schema.safeParse(values);
  if (!parsed.success)
    return {
      traces: undefined,
      errors: [...errors, ...parsed.error.issues.map(({ path, message }) => `${path} ${message}`)],
    };
  const { data } = parsed;
  const traces: TraceConfig = {
    protocol: data.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? data.OTEL_EXPORTER_OTLP_PROTOCOL ?? "http/protobuf",
    propagates: toNames(data.OTEL_PROPAGATORS ?? "tracecontext").includes("tracecontext"),
  };
  return { traces: errors.length === 0 ? traces : undefined, errors };
}

const toNames = (text: string): readonly string[] => text.split(",").map((each) => each.trim());

function isCollectorUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}

/** Returns whether a string is a list of pairs that the SDK reads completely. */
function isPairList(text: string, pattern: RegExp): boolean {
  return text.split(",").every((each) => each.trim() === "" || (pattern.test(each.trim()) && isPercentEncoded(each)));
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
