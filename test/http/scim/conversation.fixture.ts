import { differences, fillVariables, type Variables } from "./response-pattern.fixture.ts";

/**
 * A recorded conversation with the SCIM API, in the form of HTTP messages:
 *
 *     # Title
 *     # Source: the documentation of the requests
 *
 *     ### The purpose of the request
 *     POST /Users
 *     Content-Type: application/json
 *
 *     { "userName": "ada" }
 *
 *     HTTP 201
 *     Location: {{base}}/Users/{{ada}}
 *
 *     { "id": "{{ada=}}", "meta": { "created": "{{date}}" } }
 *
 * Paths are relative to `/scim/v2` and not percent-encoded. `As: {{ada}}` sends the request with a personal token of that
 * user. `{{base}}` is the public URL of `/scim/v2`. The body of a response is a pattern, see response-pattern.fixture.ts.
 */
export interface Conversation {
  readonly title: string;
  readonly source: string;
  readonly exchanges: readonly Exchange[];
}

interface Exchange {
  readonly title: string;
  readonly request: Request;
  readonly status: number;
  readonly headers: Headers;
  /** Undefined if the transcript does not specify a body. */
  readonly body: unknown;
}

type Headers = Readonly<Record<string, string>>;

export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  /** By lower-case name. */
  readonly headers: Headers;
  /** Empty if the request has no body. */
  readonly body: string;
}

/** A response in the form of supertest. */
export interface TranscriptResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
}

/** Parses a transcript. @throws Error for any line that it cannot interpret */
export function parseConversation(file: string): Conversation {
  const [head = "", ...parts] = file.split(/^### /m);
  const [, title, source] = /^# (.+)\n# Source: (.+)\n(?:# .+\n)*\n$/.exec(head) ?? [];
  if (title === undefined || source === undefined)
    throw new Error("a conversation must begin with a title and a source");
  if (parts.length === 0) throw new Error("a conversation must have exchanges");
  return { title, source, exchanges: parts.map(parseExchange) };
}

function parseExchange(part: string): Exchange {
  const [requestText = "", status, responseText = "", ...more] = part.split(/^HTTP (\d{3})\n/m);
  if (status === undefined || more.length > 0) throw new Error(`expected one line "HTTP <status>" in: ${part}`);
  const [title = "", line = "", ...rest] = requestText.split("\n");
  const [, method, path] = /^(GET|POST|PUT|PATCH|DELETE) (\/.*)$/.exec(line) ?? [];
  if (method === undefined || path === undefined) throw new Error(`invalid request line: ${line}`);
  const { headers, body } = parseMessage(responseText.split("\n"));
  return {
    title,
    request: { method: method as Request["method"], path, ...parseMessage(rest) },
    status: Number(status),
    headers,
    body: body === "" ? undefined : JSON.parse(body),
  };
}

/** A misspelled header would be sent or expected without effect. */
const headerNames = ["As", "Accept", "Allow", "Authorization", "Content-Type", "ETag", "If-Match", "If-None-Match"];
headerNames.push("Location", "WWW-Authenticate");

function parseMessage(lines: readonly string[]): { headers: Headers; body: string } {
  const end = lines.includes("") ? lines.indexOf("") : lines.length;
  const headers = lines.slice(0, end).map((line): [string, string] => {
    const [, name = "", value = ""] = /^([\w-]+): (.+)$/.exec(line) ?? [];
    if (!headerNames.includes(name)) throw new Error(`unknown header: ${line}`);
    return [name.toLowerCase(), value];
  });
  return { headers: Object.fromEntries(headers), body: lines.slice(end).join("\n").trim() };
}

/**
 * Sends every request and compares the responses.
 * @throws Error with every mismatch, by exchange
 */
export async function replayConversation(
  { exchanges }: Conversation,
  base: string,
  send: (request: Request) => Promise<TranscriptResponse>,
): Promise<void> {
  const variables: Variables = new Map([["base", base]]);
  const mismatches: string[] = [];
  for (const exchange of exchanges) {
    const { title, request } = exchange;
    try {
      const response = await send(fillRequest(request, variables));
      const exchangeMismatches = findMismatches(exchange, response, variables).map(
        (each) => `${title}: ${request.method} ${request.path}: ${each}`,
      );
      mismatches.push(...exchangeMismatches);
    } catch (error) {
      // Later exchanges depend on variables that this one did not set.
      mismatches.push(`${title}: ${(error as Error).message}`);
      break;
    }
  }
  if (mismatches.length > 0) throw new Error(mismatches.join("\n"));
}

function fillRequest({ method, path, headers, body }: Request, variables: Variables): Request {
  const filledHeaders = Object.entries(headers).map(([name, value]) => [name, fillVariables(value, variables)]);
  // Variables are ids, URLs and cursors: strings that JSON does not escape.
  return {
    method,
    path: fillVariables(path, variables),
    headers: Object.fromEntries(filledHeaders),
    body: fillVariables(body, variables),
  };
}

function findMismatches(
  { status, headers, body }: Exchange,
  response: TranscriptResponse,
  variables: Variables,
): readonly string[] {
  const mismatches =
    response.status === status ? [] : [`status is ${response.status}, not ${status}: ${response.text}`];
  const isEmpty = response.text === "";
  if (isEmpty) {
    if (body !== undefined) mismatches.push("the body is missing");
  } else if (status === 204 || status === 304) mismatches.push(`unexpected body: ${response.text}`);
  else if (body !== undefined) mismatches.push(...differences(body, JSON.parse(response.text), variables));
  const mediaType = isEmpty ? {} : { "content-type": "application/scim+json" };
  return [...mismatches, ...differences({ ...mediaType, ...headers }, response.headers, variables, "header")];
}
