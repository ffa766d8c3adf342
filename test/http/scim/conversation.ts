import { differences, filled, type Names } from "./answer-pattern.ts";

/**
 * A recorded conversation with the SCIM door, written as it goes over the wire:
 *
 *     # What it is about
 *     # Source: where the requests are documented
 *
 *     ### What the client wants
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
 * Paths are below the door and written without percent-encoding. `As: {{ada}}` sends the request with a personal token
 * of that user. `{{base}}` is the door's public address. The body of an answer is a pattern, see answer-pattern.ts.
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
  /** Undefined where the transcript leaves it open. */
  readonly body: unknown;
}

type Headers = Readonly<Record<string, string>>;

export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  /** By lower-case name. */
  readonly headers: Headers;
  /** Empty where nothing is sent. */
  readonly body: string;
}

/** What came back, in the form of supertest. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
}

/** @throws Error for what is no conversation: nothing in a file is overlooked */
export function conversationIn(file: string): Conversation {
  const [head = "", ...parts] = file.split(/^### /m);
  const [, title, source] = /^# (.+)\n# Source: (.+)\n(?:# .+\n)*\n$/.exec(head) ?? [];
  if (title === undefined || source === undefined) throw new Error("a conversation begins with a title and a source");
  if (parts.length === 0) throw new Error("a conversation has exchanges");
  return { title, source, exchanges: parts.map(exchangeIn) };
}

function exchangeIn(part: string): Exchange {
  const [said = "", status, answered = "", ...more] = part.split(/^HTTP (\d{3})\n/m);
  if (status === undefined || more.length > 0) throw new Error(`one line "HTTP <status>" belongs into: ${part}`);
  const [title = "", line = "", ...rest] = said.split("\n");
  const [, method, path] = /^(GET|POST|PUT|PATCH|DELETE) (\/.*)$/.exec(line) ?? [];
  if (method === undefined || path === undefined) throw new Error(`this is no request: ${line}`);
  const { headers, body } = messageIn(answered.split("\n"));
  return {
    title,
    request: { method: method as Request["method"], path, ...messageIn(rest) },
    status: Number(status),
    headers,
    body: body === "" ? undefined : JSON.parse(body),
  };
}

/** A name that is misspelt would be sent, or looked for, in vain. */
const headerNames = ["As", "Accept", "Allow", "Authorization", "Content-Type", "ETag", "If-Match", "If-None-Match"];
headerNames.push("Location", "WWW-Authenticate");

function messageIn(lines: readonly string[]): { headers: Headers; body: string } {
  const end = lines.includes("") ? lines.indexOf("") : lines.length;
  const headers = lines.slice(0, end).map((line): [string, string] => {
    const [, name = "", value = ""] = /^([\w-]+): (.+)$/.exec(line) ?? [];
    if (!headerNames.includes(name)) throw new Error(`this is no header: ${line}`);
    return [name.toLowerCase(), value];
  });
  return { headers: Object.fromEntries(headers), body: lines.slice(end).join("\n").trim() };
}

/**
 * Says everything that the client says, and compares what is answered.
 * @throws Error with every difference, by exchange
 */
export async function hold(
  { exchanges }: Conversation,
  base: string,
  send: (request: Request) => Promise<Answer>,
): Promise<void> {
  const names: Names = new Map([["base", base]]);
  const faults: string[] = [];
  for (const exchange of exchanges) {
    const { title, request } = exchange;
    try {
      const answer = await send(asSaid(request, names));
      const found = faultsOf(exchange, answer, names).map(
        (each) => `${title}: ${request.method} ${request.path}: ${each}`,
      );
      faults.push(...found);
    } catch (error) {
      // What is said after this would be said with names that nobody has given.
      faults.push(`${title}: ${(error as Error).message}`);
      break;
    }
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

function asSaid({ method, path, headers, body }: Request, names: Names): Request {
  const said = Object.entries(headers).map(([name, value]) => [name, filled(value, names)]);
  // What is named are ids, addresses and cursors: texts that need no escapes in JSON.
  return { method, path: filled(path, names), headers: Object.fromEntries(said), body: filled(body, names) };
}

function faultsOf({ status, headers, body }: Exchange, answer: Answer, names: Names): readonly string[] {
  const faults = answer.status === status ? [] : [`status is ${answer.status}, not ${status}: ${answer.text}`];
  const isEmpty = answer.text === "";
  if (isEmpty) {
    if (body !== undefined) faults.push("there is no body");
  } else if (status === 204 || status === 304) faults.push(`there is a body: ${answer.text}`);
  else if (body !== undefined) faults.push(...differences(body, JSON.parse(answer.text), names));
  const mediaType = isEmpty ? {} : { "content-type": "application/scim+json" };
  return [...faults, ...differences({ ...mediaType, ...headers }, answer.headers, names, "header")];
}
