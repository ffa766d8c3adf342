import winston from "winston";

/** What the rooms use of the logger; fields are structured, never spliced into the message. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export const logLevels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Field names whose value is a credential whatever it looks like. */
const secretFields =
  /^((proxy-)?authorization|(x-)?api[-_]?key|(set-)?cookie|password|((access|refresh|id|client|auth)[-_]?)?(token|secret)|(token[-_]?)?pepper)$/i;

/**
 * Anything that has a token's shape, with any prefix: letters, underscore (percent-encoded too), 39 base62 characters
 * or more. What stands around it does not matter: a token glued to another word is one all the same.
 */
const tokenShape = /[A-Za-z][A-Za-z0-9]{1,15}(?:_|%5F)[0-9A-Za-z]{39,}/gi;

/** Who and with which password in a MongoDB or other URL, up to the last @: a password may hold one unescaped. */
// The repeats are bounded: from each of many beginnings an open one would look at all that follows.
const urlCredentials = /\b(mongodb(?:\+srv)?:\/\/)\S{1,512}@|(\/\/)[^\s/]{1,512}@/gi;

/** Replaces everything in a text that could open something. */
export function redactText(text: string): string {
  return text.replace(tokenShape, "[redacted]").replace(urlCredentials, "$1$2[redacted]@");
}

const redactDepthMax = 6;
/** Values of one field; what is linked in every direction would otherwise be spelled out along every path. */
const redactValuesMax = 1000;

function redact(value: unknown, budget: { left: number }, depth = 0): unknown {
  if (budget.left-- <= 0) return "[more]";
  if (typeof value === "string") return redactText(value);
  if (value === null || typeof value !== "object") return value;
  if (depth >= redactDepthMax) return "[deep]";
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    const code = (value as { code?: unknown }).code;
    return redact(
      { name, message, ...(code !== undefined && { code }), stack, ...(cause !== undefined && { cause }) },
      budget,
      depth + 1,
    );
  }
  if (Array.isArray(value)) return value.slice(0, redactValuesMax).map((each) => redact(each, budget, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, redactValuesMax)
      .map(([key, each]) => [redactText(key), secretFields.test(key) ? "[redacted]" : redact(each, budget, depth + 1)]),
  );
}

/**
 * The service's log: one JSON object a line on standard error, so that standard output stays for what a person asked
 * for. Everything passes the redaction, also the text and stack of errors.
 */
export function createLog(level: LogLevel, stream: NodeJS.WritableStream = process.stderr): Log {
  const line = winston.format((info) => {
    for (const key of Object.keys(info)) {
      info[key] = secretFields.test(key) ? "[redacted]" : redact(info[key], { left: redactValuesMax });
    }
    return info;
  });
  return winston.createLogger({
    level,
    format: winston.format.combine(winston.format.timestamp(), line(), winston.format.json()),
    transports: [new winston.transports.Stream({ stream })],
  });
}
