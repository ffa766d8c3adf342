import winston from "winston";

/** The logger. Values go into structured fields, never into the message. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export const logLevels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Names of fields that hold a credential, whatever its format. */
const secretFieldPattern =
  /^((proxy-)?authorization|(x-)?api[-_]?key|(set-)?cookie|password|((access|refresh|id|client|auth)[-_]?)?(token|secret)|(token[-_]?)?pepper)$/i;

/**
 * The format of a token with any prefix: letters and digits, an underscore (also percent-encoded), and 39 or more base62
 * characters. It matches anywhere in a string, also inside a longer word.
 */
const tokenPattern = /[A-Za-z][A-Za-z0-9]{1,15}(?:_|%5F)[0-9A-Za-z]{39,}/gi;

/** The secret of a webhook: base64 of 24 bytes or more (Standard Webhooks). */
const webhookSecretPattern = /whsec_[A-Za-z0-9+/]{32,}={0,2}/g;

/**
 * The user name and password in a MongoDB or other URL, up to the last "@", because a password may contain one unescaped.
 * The repetitions are bounded so that matching takes linear time.
 */
const urlCredentialsPattern = /\b(mongodb(?:\+srv)?:\/\/)\S{1,512}@|(\/\/)[^\s/]{1,512}@/gi;

/** Replaces every token, secret of a webhook and URL credential in a string with "[redacted]". */
export function redactText(text: string): string {
  return mayMatch(text) ? redactMatches(text) : text;
}

/**
 * Whether one of the patterns can match, without matching them: most strings are short ids and paths. Every match contains
 * "@", a percent-encoded underscore, or an underscore with 32 or more characters after it.
 */
function mayMatch(text: string): boolean {
  if (text.includes("@") || text.includes("%")) return true;
  const underscore = text.indexOf("_");
  return underscore >= 0 && text.length - underscore > 32;
}

function redactMatches(text: string): string {
  return text
    .replace(webhookSecretPattern, "[redacted]")
    .replace(tokenPattern, "[redacted]")
    .replace(urlCredentialsPattern, "$1$2[redacted]@");
}

const redactDepthMax = 6;
/** Values per field. It bounds objects that refer to each other, which would be repeated along every path. */
const redactValuesMax = 1000;

function redact(value: unknown, budget: { remaining: number }, depth = 0): unknown {
  if (budget.remaining-- <= 0) return "[more]";
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
      .map(([key, each]) => [
        redactText(key),
        secretFieldPattern.test(key) ? "[redacted]" : redact(each, budget, depth + 1),
      ]),
  );
}

/**
 * Creates the log of the service: one JSON object a line on standard error. Standard output is reserved for the results
 * of commands. Every field is redacted, including the message and stack of errors.
 * @param level the least severe level that is written; a method below it does nothing and costs nothing
 * @param stream the destination
 */
export function createLog(level: LogLevel, stream: NodeJS.WritableStream = process.stderr): Log {
  const redactFields = winston.format((info) => {
    for (const key of Object.keys(info)) {
      info[key] = secretFieldPattern.test(key) ? "[redacted]" : redact(info[key], { remaining: redactValuesMax });
    }
    return info;
  });
  const logger = winston.createLogger({
    level,
    format: winston.format.combine(winston.format.timestamp(), redactFields(), winston.format.json()),
    transports: [new winston.transports.Stream({ stream })],
  });
  // winston formats and redacts a line before it checks the level.
  const disabled = (): void => {};
  const methodFor = (name: LogLevel): Log[LogLevel] =>
    logger.isLevelEnabled(name) ? (message, fields) => void logger.log(name, message, fields) : disabled;
  return { error: methodFor("error"), warn: methodFor("warn"), info: methodFor("info"), debug: methodFor("debug") };
}
