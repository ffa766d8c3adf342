import type { IncomingMessage } from "node:http";
import { RejectedAddressError } from "../outbound/address-guard.ts";
import { readBoundedBody } from "../outbound/bounded-body.ts";
import type { GuardedHttp } from "../outbound/guarded-http.ts";
import { isMcpObject } from "../upstream/upstream-calls.ts";

/** How this service authenticates at a token endpoint (RFC 6749 section 2.3.1). Without a secret it is a public client. */
export interface ClientIdentity {
  readonly clientId: string;
  readonly authentication: "basic" | "post";
  readonly secret?: string;
}

/** The response of a token endpoint. */
export interface TokenEndpointResponse {
  readonly status: number;
  /** Undefined for an error without a JSON object. */
  readonly body: object | undefined;
}

/** A request to a token endpoint has no usable response. */
export class TokenRequestError extends Error {
  override readonly name = "TokenRequestError";
  /** What the token endpoint did, to follow its name in a sentence. It contains nothing of the response. */
  readonly problem: string;
  /** Whether the same request may succeed later. */
  readonly isTemporary: boolean;

  constructor(problem: string, isTemporary = false) {
    super(`the token endpoint ${problem}`);
    this.problem = problem;
    this.isTemporary = isTemporary;
  }
}

const timeoutMs = 10_000;
const responseBytesMax = 64 * 1024;

/**
 * Sends a form to a token endpoint and reads its response. Redirects are not followed, and time and size are limited.
 * @throws TokenRequestError
 */
export async function requestTokenEndpoint(
  http: Pick<GuardedHttp, "send">,
  client: ClientIdentity,
  url: string,
  form: Readonly<Record<string, string>>,
): Promise<TokenEndpointResponse> {
  let response: IncomingMessage | undefined;
  try {
    response = await sendClientForm(http, client, url, form);
    const status = response.statusCode ?? 0;
    if (status >= 300 && status < 400) {
      throw new TokenRequestError(`responded with a redirect (${status}), which is not followed`);
    }
    const text = await readBoundedBody(response, responseBytesMax);
    if (text === undefined) throw new TokenRequestError(`returned more than ${responseBytesMax} bytes`);
    const body = parseObject(text);
    if (body === undefined && status === 200) throw new TokenRequestError("did not return a JSON object");
    return { status, body };
  } catch (error) {
    if (error instanceof TokenRequestError) throw error;
    if (error instanceof RejectedAddressError) {
      throw new TokenRequestError("has an address that is not allowed; an operator can allow it with UPSTREAM_ALLOW");
    }
    throw new TokenRequestError(`did not respond within ${timeoutMs / 1000} seconds or could not be reached`, true);
  } finally {
    response?.destroy();
  }
}

/** Sends a form with the authentication of the client. The caller reads the response, or destroys it. */
export function sendClientForm(
  http: Pick<GuardedHttp, "send">,
  { clientId, secret, authentication }: ClientIdentity,
  url: string,
  form: Readonly<Record<string, string>>,
): Promise<IncomingMessage> {
  const isBasic = secret !== undefined && authentication === "basic";
  const body = new URLSearchParams({
    ...form,
    ...(!isBasic && { client_id: clientId }),
    ...(!isBasic && secret !== undefined && { client_secret: secret }),
  });
  return http.send(new URL(url), {
    method: "POST",
    headers: {
      accept: "application/json",
      "accept-encoding": "identity",
      "content-type": "application/x-www-form-urlencoded",
      "user-agent": "gatehouse",
      ...(isBasic && { authorization: toBasic(clientId, secret) }),
    },
    body: body.toString(),
    signal: AbortSignal.timeout(timeoutMs),
  });
}

/** Both parts are form-encoded before they are joined (RFC 6749 section 2.3.1). */
function toBasic(clientId: string, secret: string): string {
  const encode = (value: string): string => new URLSearchParams({ v: value }).toString().slice("v=".length);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString("base64")}`;
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMcpObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
